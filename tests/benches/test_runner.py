"""A run: sides take turns, medians are told, answers are compared, and earlier runs are found and compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from benches.speed import kept, report, runner, windows
from benches.speed.machine import Machine, this_machine
from benches.speed.report import FORM, Figure, Report, StageReport
from benches.speed.side import PREPARE
from benches.speed.stage import Bound, Measured, Ran, Side, Stage, answers_file, no_inputs

MACHINE = Machine("a processor", 2, 0.1, "Linux x86_64", "3.11.7", {"numpy": "2.1"})


def never(folder: Path, size: object) -> Ran:
    raise AssertionError("sides run in processes of their own")


STAGE = Stage(
    "made",
    "a made stage",
    no_inputs,
    {
        "engine": Side(never, {"own": Measured("events/s", target=Bound(">=", 100))}),
        "peer": Side(never, {"other": Measured("events/s", "own", Bound(">=", 3))}, (), "engine"),
        "absent": Side(never, {"none": Measured("us")}, ("no-such-library",)),
    },
    {"quick": {"events": 1}, "normal": {"events": 2}},
    rounds=2,
)


def fake(monkeypatch: pytest.MonkeyPatch, own: list[list[float]], other: list[list[float]]) -> list[str]:
    """Stands in for the processes; returns the list of what was run."""
    told: list[str] = []
    rates = {"engine": iter([300.0, 100.0, 200.0]), "peer": iter([50.0, 40.0, 60.0])}

    def run(stage: Stage, side: str, folder: Path, size: Any) -> bytes:
        told.append(side)
        if side == PREPARE:
            return b""
        np.save(answers_file(folder, side), np.array(own if side == "engine" else other))
        (name,) = stage.sides[side].figures
        return msgspec.json.encode(Ran({name: next(rates[side])}, ("a note",)))

    monkeypatch.setattr(runner, "_run", run)
    return told


def test_sides_take_turns_and_medians_and_ratios_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = fake(monkeypatch, [[1.0, np.nan], [2.0, 3.0]], [[1.0, np.nan]])
    steps: list[tuple[float, float]] = []
    done = runner.measure(STAGE, "normal", 3, lambda *step: steps.append(step))
    assert runs == [PREPARE, "engine", "peer", "engine", "peer", "engine", "peer"]
    assert steps == [(i, 7) for i in range(7)]
    own, other = done.figures
    assert own == Figure("own", 200.0, "events/s", [300.0, 100.0, 200.0], None, None, ">= 100 events/s", True)
    assert other == Figure("other", 50.0, "events/s", [50.0, 40.0, 60.0], 4.0, True, ">= 3 x", True)
    assert (done.size, done.rounds, done.missing, done.unequal) == ({"events": 2}, 3, ["no-such-library"], [])
    assert done.notes == ["a note"]
    shown = report.show_end(Report(FORM, "", MACHINE, [done]))
    assert "pip install 'bonafide[bench]'" in shown
    assert "no-such-library" in shown


def test_an_answer_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, [[1.0], [2.0]], [[1.0], [2.5]])
    done = runner.measure(STAGE, "quick", None, lambda *_: None)
    assert done.figures[1].equal is False
    assert done.unequal[0] == "peer: event 1, answer 0: 2.5 instead of 2.0"
    assert not Report(FORM, "", MACHINE, [done]).all_equal
    assert "NO" in report.show_stage(done)


def test_a_figure_beside_one_that_was_not_measured_has_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, [[1.0]], [[1.0]])
    alone = STAGE._replace(sides={"peer": STAGE.sides["peer"]._replace(reference=None)})
    (figure,) = runner.measure(alone, "quick", None, lambda *_: None).figures
    assert (figure.ratio, figure.target, figure.met) == (None, None, None)


def test_real_sides_run_in_processes_of_their_own() -> None:
    tiny = {"events": 600, "plain events": 300, "river events": 100}
    sides = {name: windows.STAGE.sides[name] for name in ("engine", "plain")}
    done = runner.measure(
        windows.STAGE._replace(sizes={"quick": tiny, "normal": tiny}, sides=sides), "quick", 1, lambda *_: None
    )
    assert [f.equal for f in done.figures] == [None, None, True]
    assert all(f.value > 0 for f in done.figures)


def test_a_side_that_fails_is_told_with_the_end_of_its_words() -> None:
    with pytest.raises(runner.SideError, match=r"windows, prepare: the measuring process failed(.|\n)*KeyError"):
        runner.measure(windows.STAGE._replace(sizes={"normal": {}}), "normal", 1, lambda *_: None)


def run_of(at: str, value: float = 10.0, machine: Machine = MACHINE, name: str = "made") -> Report:
    figure = Figure("p50", value, "us", [value], None, None, "<= 12 us", value <= 12)
    return Report(FORM, at, machine, [StageReport(name, "title", {"events": 1}, 1, [figure], [], [], [], "engine is")])


def test_runs_are_kept_up_to_a_number_and_the_previous_one_is_of_the_same_machine(tmp_path: Path) -> None:
    for day in range(1, kept.RUNS_KEPT + 3):
        kept.keep(run_of(f"2026-01-{day:02}T00:00:00+00:00"), tmp_path)
    assert len(list(tmp_path.iterdir())) == kept.RUNS_KEPT
    other = msgspec.structs.replace(MACHINE, cpu="another")
    kept.keep(run_of("2026-02-01T00:00:00+00:00", machine=other), tmp_path)
    (tmp_path / "2027.json").write_text("{")
    found = kept.previous(tmp_path, MACHINE, {"made"})
    assert found is not None
    assert found.at == f"2026-01-{kept.RUNS_KEPT + 2:02}T00:00:00+00:00"
    assert kept.previous(tmp_path, MACHINE, {"other"}) is None
    assert kept.previous(tmp_path / "none", MACHINE, {"made"}) is None


def test_a_file_that_is_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for text in ("{}", "[1]", "\xff", '{"form": 1}'):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(ValueError, match="not a file of"):
            kept.read(path)
    kept.write(msgspec.structs.replace(run_of("now"), form=FORM + 1), path)
    with pytest.raises(ValueError, match="this version reads form"):
        kept.read(path)


def test_two_runs_are_compared_figure_by_figure(tmp_path: Path) -> None:
    old, new = run_of("then", 10.0), run_of("now", 15.0)
    (line,) = report.compare(new, old)
    assert line.split() == ["made:", "p50", "15.0", "us", "1.50", "of", "10.0", "worse"]
    assert report.compare(old, new)[0].endswith("better")
    assert not report.compare(run_of("now", 10.4), old)[0].endswith(("better", "worse"))
    busy = msgspec.structs.replace(MACHINE, cpu="another", load=3.0, libraries={"numpy": "2.4"})
    told = "\n".join(report.compare(run_of("now", machine=busy), old))
    assert "another machine" in told
    assert "busy machine (load 3.0)" in told
    assert "numpy 2.1 then, 2.4 now" in told
    larger = msgspec.structs.replace(new.stages[0], size={"events": 2})
    assert report.compare(msgspec.structs.replace(new, stages=[larger]), old) == ["  made: another size, not compared"]


def test_this_machine_is_told_in_one_line() -> None:
    line = this_machine().line()
    assert "cores" in line
    assert "numpy" in line
    assert "\n" not in line
