"""`bonafide drift` at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps.test_cli import MAPPING, START_MS, only_object, told
from tests.lab.runs import write_bundle


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two replays with features, of a log whose labels come after a minute; in the second amounts are larger."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    write_bundle(tmp_path / "small")
    for name, factor in (("one", 1), ("two", 100)):
        rows = [f"{n},{START_MS + n * 3_600_000},u{n % 9},{factor * (n + 1)},{int(n % 5 == 0)}" for n in range(60)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,time,user,amount,fraud", *rows, ""]))
        replay = ("replay", f"{name}.csv", "--mapping", "mapping.yaml", "--bundle", "small", "--features")
        assert told(*replay, "--out", f"in-{name}").exit_code == 0
    return tmp_path


def test_two_folders_are_compared_and_a_limit_ends_with_one(folder: Path) -> None:
    calm = told("drift", "in-one", "in-one", "--fail-above", "0.25", "--json")
    assert calm.exit_code == 0
    found = only_object(calm)
    assert (found["verdict"], found["above"], found["fail_above"]) == ("stable", [], 0.25)
    assert found["before"]["labelled"] == 59
    assert sum(pair["after"]["cash_out"] for pair in found["calibration"]) == 12
    moved = told("drift", "in-one", "in-two", "--fail-above", "0.25", "--html", "d.html", "--svg", "d.svg")
    assert moved.exit_code == 1
    assert "bonafide: above 0.25: user_mean_1d" in moved.stderr
    assert moved.stdout.startswith("shifted: ")
    assert "bonafide drift in-one in-two --fail-above 0.25" in (folder / "d.html").read_text()
    assert (folder / "d.svg").read_text().startswith("<svg ")


def test_one_folder_is_split_at_a_moment(folder: Path) -> None:
    found = only_object(told("drift", "in-one", "--split", START_MS + 30 * 3_600_000, "--json"))
    assert [found[side]["payments"] for side in ("before", "after")] == [30, 30]


def test_verdicts_of_a_log_that_is_gone_are_told_to_be_unknown(folder: Path) -> None:
    (folder / "in-one" / "truth.parquet").unlink()
    (folder / "one.csv").unlink()
    result = told("drift", "in-one", "in-one")
    assert result.exit_code == 0
    assert "no calibration: one.csv: is not there any more" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in-one"], "name two folders, or one folder and --split TIME"),
        (["in-one", "in-two", "--split", "2026-01-06T00:00:00Z"], "name two folders, or one folder and --split TIME"),
        (["in-one", "--split", "soon"], "--split soon"),
        (["in-one", "--split", "2020-01-06T00:00:00Z"], "choose a moment between them"),
        (["in-one", "nowhere"], "there is no such folder"),
        (["in-one", "in-two", "--html", "in-one/decisions.parquet"], "this file is also read"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(folder: Path, arguments: list[str], message: str) -> None:
    result = told("drift", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
