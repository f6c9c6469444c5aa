"""`bonafide rings` at the command line: what it writes, what it prints, how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
import pytest

from bonafide.core.moment import DAY_MS
from tests.apps.test_cli import GOLDEN, only_object, told
from tests.engine.kit import assert_golden
from tests.lab.rings.kit import START_MS, payment, ring_log, verdict
from tests.lab.runs import as_lines, as_parquet, write_bundle

UNTIL = START_MS + 57 * DAY_MS
OURS = ["--method", "components", "--method", "dense_block", "--method", "cash_out_block", "--method", "pagerank"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a log that has a ring, one that is wrong in part, and a CSV."""
    (tmp_path / "log.ndjson").write_bytes(as_lines(ring_log()))
    (tmp_path / "bad.ndjson").write_bytes(as_lines(ring_log()) + b'{"type":"payment"}\n')
    (tmp_path / "empty.ndjson").write_bytes(b"")
    (tmp_path / "log.csv").write_text("id,time\n")
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_ring_is_found_and_told_as_written_down(folder: Path) -> None:
    methods = ["--method", "pagerank", "--method", "components", "--method", "cash_out_block"]
    result = told("rings", "log.ndjson", "--out", "groups.ndjson", *methods)
    assert result.exit_code == 0
    parts = [result.stdout, (folder / "groups.ndjson").read_text(encoding="utf-8")]
    assert_golden(GOLDEN / "rings.txt", "\n".join(parts))


def test_the_same_log_gives_the_same_bytes_in_every_form(folder: Path) -> None:
    as_parquet(folder / "log.parquet", ring_log())
    for name in ("log.ndjson", "log.parquet", "log.ndjson"):
        assert told("rings", name, "--out", f"{name}.groups.ndjson", *OURS).exit_code == 0
    one, two = ((folder / f"{name}.groups.ndjson").read_bytes() for name in ("log.ndjson", "log.parquet"))
    assert one == two
    assert told("rings", "log.ndjson", "--out", "g.parquet", *OURS).exit_code == 0
    columns = pl.read_ndjson("log.ndjson.groups.ndjson").columns
    assert pl.read_parquet("g.parquet").select(columns).rows() == pl.read_ndjson("log.ndjson.groups.ndjson").rows()


def test_what_comes_after_until_changes_nothing(folder: Path) -> None:
    later = [payment(9_000 + n, f"bad{n}", "m1", 58, amount=80_000, credit_limit=90_000) for n in range(6)]
    later_verdict = verdict(50, "merchant", "m1", "cash_out", 58)
    (folder / "more.ndjson").write_bytes(as_lines([*later, later_verdict]))
    assert told("rings", "log.ndjson", "--out", "a.ndjson", "--until", UNTIL, *OURS).exit_code == 0
    assert told("rings", "log.ndjson", "more.ndjson", "--out", "b.ndjson", "--until", UNTIL, *OURS).exit_code == 0
    assert (folder / "a.ndjson").read_bytes() == (folder / "b.ndjson").read_bytes() != b""


def test_groups_hold_from_the_moment_for_as_long_as_asked(folder: Path) -> None:
    options = ["--until", "2026-03-03T08:30:00Z", "--valid", "36h", "--over", "20d"]
    assert told("rings", "log.ndjson", "--out", "g.ndjson", *OURS, *options).exit_code == 0
    moments = {tuple(row) for row in pl.read_ndjson("g.ndjson").select("time", "valid_until").rows()}
    assert moments == {(UNTIL, UNTIL + 36 * 3_600_000)}


def test_groups_go_through_a_replay_as_events(folder: Path) -> None:
    write_bundle(folder / "bundle")
    assert told("rings", "log.ndjson", "--out", "g.ndjson", *OURS).exit_code == 0
    counts = only_object(told("replay", "log.ndjson", "g.ndjson", "--out", "out", "--bundle", "bundle", "--json"))
    assert (counts["rejected"], counts["conflict"], counts["duplicate"]) == (0, 0, 0)
    assert counts["read"] == len(ring_log()) + pl.read_ndjson("g.ndjson").height
    twice = only_object(told("replay", "g.ndjson", "g.ndjson", "--out", "two", "--bundle", "bundle", "--json"))
    assert twice["duplicate"] == pl.read_ndjson("g.ndjson").height


def test_json_is_one_object_that_counts_what_was_written(folder: Path) -> None:
    found = only_object(told("rings", "log.ndjson", "--out", "g.ndjson", "--method", "pagerank", "--json"))
    assert list(found["by_method"]) == ["pagerank"]
    assert found["events"] == found["by_method"]["pagerank"]["subjects"] == pl.read_ndjson("g.ndjson").height
    assert (found["read"], found["rejected"], found["left_out"]) == (len(ring_log()), 0, {})


def test_refused_records_end_with_three_and_the_rest_is_used(folder: Path) -> None:
    good = told("rings", "log.ndjson", "--out", "a.ndjson", *OURS)
    bad = told("rings", "bad.ndjson", "--out", "b.ndjson", *OURS, "--rejects", "r.ndjson")
    assert (good.exit_code, bad.exit_code) == (0, 3)
    assert "refused records: 1; see r.ndjson" in bad.stderr
    assert json.loads((folder / "r.ndjson").read_text())["reason"] == "missing-field"
    assert (folder / "a.ndjson").read_bytes() == (folder / "b.ndjson").read_bytes()


def test_a_log_of_nothing_gives_a_file_of_nothing(folder: Path) -> None:
    empty = told("rings", "empty.ndjson", "--out", "a.ndjson")
    assert (empty.exit_code, (folder / "a.ndjson").read_bytes()) == (3, b"")
    early = told("rings", "log.ndjson", "--out", "b.parquet", "--until", 1_000, "--json", *OURS)
    assert (early.exit_code, only_object(early)["events"]) == (0, 0)
    assert pl.read_parquet("b.parquet").height == 0


def test_without_the_package_for_communities_all_others_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graspologic_native", None)
    sentence = "the method community needs the package graspologic-native; pip install 'bonafide[rings]' brings it"
    result = told("rings", "log.ndjson", "--out", "a.ndjson", "--json")
    assert (result.exit_code, only_object(result)["left_out"]) == (0, {"community": sentence})
    assert f"left out: {sentence}\n" in result.stderr
    assert told("rings", "log.ndjson", "--out", "b.ndjson", *OURS).exit_code == 0
    assert (folder / "a.ndjson").read_bytes() == (folder / "b.ndjson").read_bytes()
    asked = told("rings", "log.ndjson", "--out", "c.ndjson", "--method", "community")
    assert (asked.exit_code, asked.stderr.splitlines()[-1]) == (2, f"bonafide: {sentence}")
    assert not (folder / "c.ndjson").exists()


REFUSED = (
    ["none.ndjson", "--out", "g.ndjson"],
    ["log.csv", "--out", "g.ndjson"],
    ["log.ndjson", "--out", "g.csv"],
    ["log.ndjson", "--out", "log.ndjson"],
    ["log.ndjson", "--out", "small"],
    ["log.ndjson", "--out", "g.ndjson", "--rejects", "g.ndjson"],
    ["log.ndjson", "--out", "g.ndjson", "--method", "pagerenk"],
    ["log.ndjson", "--out", "g.ndjson", "--until", "yesterday"],
    ["log.ndjson", "--out", "g.ndjson", "--until", "2026-03-03T08:30:00"],
    ["log.ndjson", "--out", "g.ndjson", "--over", "two months"],
    ["log.ndjson", "--out", "g.ndjson", "--valid", "7"],
    ["log.ndjson", "--out", "g.ndjson", "--until", "253402300799000"],
)


def test_wrong_use_is_answered_in_plain_words_and_nothing_is_left_behind(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    parts = []
    for arguments in REFUSED:
        result = told("rings", *arguments)
        assert result.stdout == ""
        assert sorted(path.name for path in folder.iterdir()) == before, arguments
        answer = result.stderr[result.stderr.index("bonafide: ") :].rstrip("\n")
        parts.append(f"$ bonafide rings {' '.join(arguments)}\n{answer}\n-> {result.exit_code}\n")
    assert_golden(GOLDEN / "rings_refusals.txt", "\n".join(parts))


def test_the_help_names_every_method() -> None:
    from bonafide.lab.rings import METHODS

    text = " ".join(told("rings", "--help").stdout.replace("│", " ").split())
    assert all(name in text for name in METHODS)
