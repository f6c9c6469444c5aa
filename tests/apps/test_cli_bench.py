"""`bonafide bench`: which stages there are, how it ends, and that runs are kept and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benches.speed import runner
from benches.speed.report import Figure, StageReport
from benches.speed.stages import STAGES
from bonafide.apps.cli.main import app


def told(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["bench", *map(str, arguments)], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str, int | None]]:
    """Stands in for the measuring; returns what was asked of it. Kernels stay where they are compiled."""
    asked: list[tuple[str, str, int | None]] = []

    def measure(stage: Any, level: str, rounds: int | None, progress: Any) -> StageReport:
        asked.append((stage.name, level, rounds))
        figure = Figure("p50", 10.0 * len(asked), "us", [10.0], None, stage.name != "swap", "<= 9 us", False)
        return StageReport(stage.name, stage.title, {"events": 1}, 1, [figure], [], [], [], "engine is")

    monkeypatch.setattr(runner, "measure", measure)
    monkeypatch.setattr("bonafide.engine.kernels.cache_folder", lambda: tmp_path)
    monkeypatch.setattr("bonafide.apps.cli.engines.ready_kernels", lambda: None)
    return asked


def test_the_stages_are_listed() -> None:
    result = told("--list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(STAGES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["windos"], "windos: there is no such stage; did you mean windows?"),
        (["--quick", "--full"], "--quick --full: choose one of them"),
        (["--against", "nowhere.json"], "--against nowhere.json: there is no such file"),
        (["--rounds", "0"], "Invalid value for '--rounds'"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(arguments: list[str], message: str) -> None:
    result = told(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_run_is_kept_and_the_next_one_is_compared_with_it(measured: list[Any], tmp_path: Path) -> None:
    first = told("rules", "start", "rules", "--quick", "--rounds", 3)
    assert measured == [("rules", "quick", 3), ("start", "quick", 3)]
    assert first.exit_code == 0
    assert "machine: " in first.stdout
    assert "missed targets: rules: p50" in first.stdout
    assert "beside the run of" not in first.stdout
    (kept,) = (tmp_path / "bench").iterdir()
    assert str(kept) in first.stderr.replace("\n", "")
    second = told("rules", "--out", tmp_path / "here.json")
    assert "beside the run of" in second.stdout
    assert "3.00 of 10.0  worse" in second.stdout
    assert list((tmp_path / "bench").iterdir()) == [kept]
    stage = json.loads((tmp_path / "here.json").read_text())["stages"][0]
    assert (stage["name"], stage["figures"][0]["value"]) == ("rules", 30.0)
    third = told("rules", "--against", tmp_path / "here.json")
    assert "1.33 of 30.0" in third.stdout


def test_json_is_one_object_and_all_else_goes_to_stderr(measured: list[Any]) -> None:
    result = told("rules", "--json")
    assert json.loads(result.stdout)["stages"][0]["name"] == "rules"
    assert "machine: " in result.stderr


def test_a_file_that_is_no_run_is_refused(measured: list[Any], tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    result = told("rules", "--against", tmp_path / "x.json")
    assert result.exit_code == 2
    assert "not a file of `bonafide bench --out`" in result.stderr
    assert measured == []


def test_all_stages_run_where_none_is_named_and_other_answers_end_with_1(measured: list[Any]) -> None:
    result = told("--full")
    assert [(name, level) for name, level, _ in measured] == [(name, "full") for name in STAGES]
    assert result.exit_code == 1
    assert "swap" in result.stdout


def test_a_stage_that_fails_does_not_take_the_others_with_it(
    measured: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    working = runner.measure

    def measure(stage: Any, *rest: Any) -> StageReport:
        if stage.name == "rules":
            raise runner.SideError("rules, engine: the measuring process failed:\n  it had no room")
        return working(stage, *rest)

    monkeypatch.setattr(runner, "measure", measure)
    result = told("rules", "start")
    assert result.exit_code == 4
    assert "it had no room" in result.stderr
    assert "rules could not be measured" in result.stderr
    assert "start: " in result.stdout
