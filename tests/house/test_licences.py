"""The licence gate: what the lock files install has a licence that Bonafide may stand on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

from tests.house.licences import EXCEPTED, PERMISSIVE, TOOLS_ONLY, is_allowed, stated_licence, written_licence
from tests.house.tree import ROOT, listed

PIN = re.compile(r"^([A-Za-z0-9._-]+==[^\\#]+)", re.MULTILINE)


def pins(lock: str) -> list[Requirement]:
    """What a lock file installs on this machine."""
    found = [Requirement(line.strip()) for line in PIN.findall((ROOT / lock).read_text(encoding="utf-8"))]
    return [pin for pin in found if pin.marker is None or pin.marker.evaluate()]


def licence_files(found: Distribution) -> list[str]:
    """The texts of the licence files that a distribution names."""
    names = found.metadata.get_all("License-File") or []
    return [found.read_text(f"licenses/{name}") or found.read_text(name) or "" for name in names]


def licence_of(found: Distribution) -> str:
    """What a distribution says of its licence, or what its licence files are."""
    return stated_licence(found.metadata) or " AND ".join(map(written_licence, licence_files(found)))


def fault(pin: Requirement, allowed: frozenset[str], excepted: Mapping[str, str] = {}) -> str | None:
    """Why a pinned distribution may not be used; None when it may."""
    try:
        found = distribution(pin.name)
    except PackageNotFoundError:
        return f"{pin.name}: locked but not installed, so its licence is unknown (run the checks with `make check`)"
    stated = licence_of(found)
    if is_allowed(stated, allowed) or (stated and excepted.get(pin.name) == stated):
        return None
    return f"{pin.name} {found.version}: {stated or 'no licence stated'} is not among {', '.join(sorted(allowed))}"


def faults(lock: str, allowed: frozenset[str], excepted: Mapping[str, str] = {}) -> list[str]:
    """The faults of a lock file; it installs something, else the file was misread."""
    found = pins(lock)
    assert found, f"{lock} names no package"
    return [what for pin in found if (what := fault(pin, allowed, excepted)) is not None]


def test_what_users_install_is_permissive() -> None:
    found = faults("requirements.lock", PERMISSIVE)
    assert not found, listed(found)


@pytest.mark.parametrize("lock", ["requirements-build.lock", "requirements-console.lock", "requirements-dev.lock"])
def test_tools_are_permissive_or_copyleft_by_file(lock: str) -> None:
    found = faults(lock, PERMISSIVE | TOOLS_ONLY, EXCEPTED)
    assert not found, listed(found)


def test_an_exception_has_its_reason_and_is_for_an_extra_alone() -> None:
    users = {pin.name for lock in ("requirements.lock", "requirements-build.lock") for pin in pins(lock)}
    assert not users & set(EXCEPTED), "every user would install it"
    assert set(EXCEPTED) <= {pin.name for pin in pins("requirements-dev.lock")}, "an exception that nothing needs"
    assert fault(Requirement("psycopg"), PERMISSIVE | TOOLS_ONLY) is not None
    assert fault(Requirement("psycopg"), PERMISSIVE, {"psycopg": "LGPL-2.1-only"}) is not None
    page = (ROOT / "docs" / "decisions" / "0022-psycopg-is-an-extra.md").read_text(encoding="utf-8")
    assert {EXCEPTED["psycopg"], EXCEPTED["psycopg-binary"]} == {"LGPL-3.0-only"}
    assert "LGPL-3.0-only" in page
    console = (ROOT / "docs" / "decisions" / "0029-the-console-asks-the-api.md").read_text(encoding="utf-8")
    assert set(EXCEPTED) - {"psycopg", "psycopg-binary"} == {"docutils"}
    assert "docutils" in console


def test_docutils_brings_no_file_under_the_gpl() -> None:
    files = distribution("docutils").files or []
    assert files
    assert [path for path in files if path.suffix == ".el" or "emacs" in path.parts] == []


@pytest.mark.parametrize(
    "expression",
    [
        "", "GPL-3.0-or-later", "AGPL-3.0-only", "LGPL-3.0-or-later", "BUSL-1.1", "SSPL-1.0", "MPL-2.0", "Proprietary",
        "MIT AND GPL-2.0-only", "GPL-2.0-only OR AGPL-3.0-only", "MIT AND (GPL-2.0-only OR AGPL-3.0-only)",
        "GNU General Public License v3 (GPLv3)", "(MIT",
    ],
)  # fmt: skip
def test_other_licences_are_refused(expression: str) -> None:
    assert not is_allowed(expression, PERMISSIVE)


@pytest.mark.parametrize(
    "expression",
    [
        "MIT", "Apache-2.0 OR BSD-2-Clause", "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
        "BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", "GPL-2.0-only OR MIT", "MIT AND (GPL-2.0-only OR ISC)",
    ],
)  # fmt: skip
def test_permissive_licences_are_allowed(expression: str) -> None:
    assert is_allowed(expression, PERMISSIVE)


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ([("License-Expression", "MIT"), ("License", "GPL")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: BSD License"), ("License", "whatever")], "BSD"),
        ([("Classifier", "License :: OSI Approved :: MIT License"),
          ("Classifier", "License :: OSI Approved :: GNU General Public License v2 (GPLv2)")],
         "MIT AND GNU General Public License v2 (GPLv2)"),
        ([("License", "ISC License")], "ISC"),
        ([("License", "Permission is hereby granted, free of charge, " * 9)], ""),
        ([("Classifier", "Programming Language :: Python")], ""),
    ],
)  # fmt: skip
def test_a_licence_is_read_where_packages_state_it(headers: list[tuple[str, str]], stated: str) -> None:
    metadata = Message()
    for name, value in headers:
        metadata[name] = value
    assert stated_licence(metadata) == stated  # type: ignore[arg-type]


def test_a_licence_is_known_by_its_whole_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert written_licence(text) == ""
    (mit,) = licence_files(distribution("zen-engine"))
    assert written_licence(mit) == "MIT"
    assert written_licence(mit.replace("sublicense, ", "")) == ""
    assert written_licence(mit + " For use on Mondays only.") == ""
    assert not is_allowed(" AND ".join(map(written_licence, [mit, text])), PERMISSIVE)


def test_a_locked_package_that_is_not_installed_is_named() -> None:
    assert "no-such-package-of-ours" in (fault(Requirement("no-such-package-of-ours==1"), PERMISSIVE) or "")
