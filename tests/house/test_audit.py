"""`make audit`: every locked distribution and its licence, offline; weaknesses where advisories are at hand."""

from __future__ import annotations

import importlib.util
import json
import socket
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.house.tree import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def advisory(name: str, **more: Any) -> dict[str, Any]:
    found = {"id": "X-1", "summary": "reads too far", "affected": [{"package": {"name": name}}]}
    return found | {k: v for k, v in more.items() if k == "withdrawn"} | {
        "affected": [{"package": {"name": name}, **{k: v for k, v in more.items() if k != "withdrawn"}}]
    }  # fmt: skip


def since(introduced: str, **end: str) -> list[dict[str, Any]]:
    return [{"type": "ECOSYSTEM", "events": [{"introduced": introduced}, *([end] if end else [])]}]


def test_everything_locked_has_a_licence_that_we_may_stand_on(
    audit: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("it asks the network")

    monkeypatch.setattr(socket, "socket", asked)
    assert audit.main() == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(audit.locked()) + 1 > 100
    assert any(line.split() == ["psycopg", *line.split()[1:2], "dev", "LGPL-3.0-only"] for line in told)
    assert told[-1].endswith("0 licences refused, weaknesses not looked for (WEAKNESSES=FOLDER; SECURITY.md)")


@pytest.mark.parametrize(
    ("name", "stated", "whom", "may"),
    [("x", "MIT", "users", True), ("x", "MPL-2.0", "users", False), ("x", "MPL-2.0", "dev", True),
     ("x", "GPL-3.0-only", "dev", False), ("x", "none stated", "dev", False), ("x", "not installed", "users", False),
     ("psycopg", "LGPL-3.0-only", "dev", True), ("psycopg", "LGPL-3.0-only", "users", False),
     ("other", "LGPL-3.0-only", "dev", False)],
)  # fmt: skip
def test_what_may_be_where(audit: ModuleType, name: str, stated: str, whom: str, may: bool) -> None:
    assert audit.may_be_used(name, stated, whom) == may


@pytest.mark.parametrize(
    ("ranges", "release", "hit"),
    [(since("0"), "1.0", True), (since("0", fixed="1.0"), "1.0", False), (since("0", fixed="1.0.1"), "1.0", True),
     (since("2"), "1.0", False), (since("1.0", last_affected="1.0"), "1.0", True),
     (since("0.9", last_affected="0.9.9"), "1.0", False), (since("1.0rc1", fixed="1.0"), "1.0", False),
     ([{"type": "GIT", "events": [{"introduced": "0"}]}], "1.0", False),
     ([{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.5"}, {"introduced": "1"}]}], "1.0", True)],
)  # fmt: skip
def test_a_release_lies_in_a_range_or_not(audit: ModuleType, ranges: Any, release: str, hit: bool) -> None:
    assert audit.is_affected({"ranges": ranges}, release) == hit


def test_known_weaknesses_of_what_is_locked_are_named(
    audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = audit.locked()["h11"][0]
    told = {
        "hit": advisory("H11", versions=[release]), "other": advisory("no-such-package", ranges=since("0")),
        "withdrawn": advisory("h11", versions=[release], withdrawn="2026-01-01T00:00:00Z"),
        "mended": advisory("h11", ranges=since("0", fixed=release)),
    }  # fmt: skip
    for name, one in told.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(one))
    assert audit.main(str(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("weakness")] == [f"weakness: h11 {release}: X-1: reads too far"]
    assert lines[-1].endswith("1 known weaknesses")
