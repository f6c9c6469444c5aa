"""The drills see what they are there to see, and the page says what they found.

After a wanted change of the page: `UPDATE_GOLDEN=1 pytest tests/testing/test_reliability.py`; read the difference.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bonafide.testing.faults import Launch, has_strace
from bonafide.testing.load import Ledger
from bonafide.testing.reliability import crashes, damaged, kept, stops
from bonafide.testing.reliability.drills import DRILLS, machine, run_drill
from bonafide.testing.reliability.result import NOTES_MAX, Report, Row, together
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import compare
from bonafide.testing.reliability.text import line, page
from tests.testing import stand_in

GOLDEN = Path(__file__).parent / "golden" / "reliability.md"
STAND_IN = (sys.executable, str(Path(stand_in.__file__)))


def replays(lines: Sequence[bytes]) -> dict[str, bytes]:
    """What the stand-in answers to each line."""
    marks: dict[str, bytes] = {}
    for seq, text in enumerate(lines):
        event = json.loads(text)
        decided = bytes.fromhex(stand_in.mark(event["event_id"], seq))[:16]
        marks.setdefault(event["event_id"], decided if event["type"] == "payment" else seq.to_bytes(8, "big"))
    return marks


@pytest.fixture(autouse=True)
def few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools are under test here, not a server."""
    monkeypatch.setattr(Setting, "trials", lambda self, full, sampled: min(sampled, 4))
    monkeypatch.setattr(kept, "EVENTS", 100)


def setting(folder: Path, **environment: str) -> Setting:
    return Setting(folder, True, 7, Launch(STAND_IN, environment), replays, lambda text: None)


def rows() -> list[Row]:
    held = Row(
        "killed at a system call", "SIGKILL by strace", "crash points", trials=300, acknowledged=90_000,
        recoveries_ms=[1_100.0, 1_300.0, 2_000.0], notes=["calls counted: write 9"], seconds=600,
    )  # fmt: skip
    broken = Row(
        "disk full", "tmpfs", "disks filled", trials=2, acknowledged=80, lost=3, failed=1, notes=["lost 3: p1"]
    )
    return [held, broken, Row("sync", "not run", skipped="strace is not installed")]


def test_the_page_reads_as_written_down() -> None:
    report = Report("1.2.3", "0123456789ab", "some processor, 2 cores, Linux 6.1, Python 3.11.7", 7, True, rows(), 660)
    text = page(report)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert not report.passed


def test_a_bound_is_given_only_where_nothing_failed() -> None:
    held, broken, skipped = rows()
    assert held.bound == 3 / 300
    assert (broken.bound, skipped.bound) == (None, None)
    assert "FAILED" in line(broken)
    assert "left out" in line(skipped)


def test_a_row_keeps_few_notes_and_each_once() -> None:
    row = Row("x", "y")
    for i in range(2 * NOTES_MAX):
        row.broke(f"note {i // 2}")
        row.broke("note 0")
    assert row.broken == 4 * NOTES_MAX
    assert row.notes == [f"note {i}" for i in range(NOTES_MAX)]


def test_the_machine_is_told_without_the_name_of_its_host() -> None:
    assert os.uname().nodename not in machine().replace(os.uname().sysname, "")


def test_a_log_is_compared_id_by_id() -> None:
    lines = [json.dumps({"event_id": name, "type": "payment"}).encode() for name in ("p0", "p1", "p1")]
    ledger = Ledger()
    for name, seq in (("p0", 0), ("p1", 9), ("p2", 2)):
        answer = {"digest": stand_in.mark(name, seq)}
        ledger.note_one(name, 200, json.dumps(answer, separators=(",", ":")).encode())
    found = compare(lines, ledger, replays)
    assert (found.lost, found.second, found.differing) == (("p2",), ("p1",), ("p1",))
    assert not found.good


@pytest.mark.drill  # CI plays the same drills, sampled
@pytest.mark.parametrize("name", ["duplicates", "backup"])
def test_a_server_that_keeps_its_promise_holds(name: str, tmp_path: Path) -> None:
    row = run_drill(DRILLS[name], setting(tmp_path))
    assert row.passed, row
    assert row.trials > 0 < row.acknowledged
    assert not (tmp_path / name).exists()


@pytest.mark.drill  # on a machine that is busy with other tests it takes minutes
@pytest.mark.skipif(not has_strace(), reason="strace is not installed")
def test_an_early_acknowledgement_is_caught_by_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashes, "CUT_AFTER", (20, 100))
    honest = crashes.power_cut(setting(tmp_path / "honest"))
    assert honest.passed, honest
    assert honest.acknowledged > 0
    lying = crashes.power_cut(setting(tmp_path / "lying", LIES="1"))
    assert not lying.passed
    assert lying.lost > 0


@pytest.mark.drill  # as the one above
@pytest.mark.skipif(not has_strace(), reason="strace is not installed")
def test_every_planned_crash_is_run_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashes, "COUNTED_EVENTS", 60)
    row = crashes.at_calls(setting(tmp_path))
    assert row.passed, row
    assert row.trials >= 4


def test_a_store_that_is_cut_short_without_a_word_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damaged, "DAMAGES", ("cut",))
    monkeypatch.setattr(damaged, "EVENTS", 200)
    row = damaged.torn(setting(tmp_path)._replace(seed=1))
    assert row.lost > 0
    assert any("WRONG" in note for note in row.notes)


@pytest.mark.drill
def test_an_end_that_is_not_the_promised_one_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stops, "UNDER_LOAD_S", (0.0, 0.1))
    assert stops.told_twice(setting(tmp_path / "good")).passed
    rude = stops.told(setting(tmp_path / "rude", RUDE="1"))
    assert rude.broken == rude.trials
    assert "exit 7 after SIGTERM" in rude.notes[0]


@pytest.mark.parametrize(("away", "broken"), [("none", 0), ("one", 0), ("all", 1)])
def test_a_server_may_tell_some_answers_later_but_not_all_of_them(tmp_path: Path, away: str, broken: int) -> None:
    row = Row("told later", "some answers are not told yet")
    with setting(tmp_path).site(row) as site:
        assert site.start()
        site.load(events=40)
        site.server.kill()
        decided = next(name for name, mark in site.ledger.marks.items() if len(mark) > 8)
        site.server.launch = site.launch._replace(environment={"AWAY": {"one": decided}.get(away, away)})
        assert site.start()
        assert site.check().good
    assert (row.differing, row.lost, row.broken) == (0, 0, broken)


def test_what_cannot_be_run_says_why(tmp_path: Path) -> None:
    row = run_drill(Drill("x", crashes.at_calls, lambda: "no strace"), setting(tmp_path))
    assert row.skipped == "no strace"
    assert row.passed


def test_two_runs_make_one_page_and_the_newer_row_counts() -> None:
    first = Report("1.2.3", "aaa", "m", 7, True, [Row("one", "h", trials=1), Row("two", "h", trials=2)], 60)
    second = Report("1.2.3", "bbb", "m", 7, False, [Row("two", "h", trials=9)], 30)
    both = together(first, second)
    assert [(row.name, row.trials) for row in both.rows] == [("one", 1), ("two", 9)]
    assert (both.git, both.sampled, both.seconds) == ("aaa and bbb", True, 90)
