"""`bonafide review-sample` at the command line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.apps.test_cli import MAPPING, START_MS, only_object, told
from tests.lab.runs import write_bundle


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A replay with features of two hundred payments; labels of the first fifty are known."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    write_bundle(tmp_path / "small")
    rows = [
        f"{n},{START_MS + n * 600_000},u{n % 9},{(n * 37) % 900 + 1},{int(n % 5 == 0) if n < 50 else ''}"
        for n in range(200)
    ]
    (tmp_path / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *rows, ""]))
    replay = ("replay", "log.csv", "--mapping", "mapping.yaml", "--bundle", "small", "--features", "--out", "in")
    assert told(*replay).exit_code == 0
    return tmp_path


def test_a_sample_leaves_out_what_has_a_verdict_and_tells_every_chance(folder: Path) -> None:
    result = told("review-sample", "in", "--n", "30", "--json")
    found = only_object(result)
    assert (found["n"], found["candidates"], found["labelled"]) == (30, 150, 50)
    assert all(int(row["event_id"]) >= 50 for row in found["rows"])
    assert sum(1 / row["inclusion_probability"] for row in found["rows"]) == pytest.approx(150)
    assert {row["why"] for row in found["rows"]} == {"uncertain", "diverse", "random"}
    assert only_object(told("review-sample", "in", "--n", "30", "--json")) == found
    assert only_object(told("review-sample", "in", "--n", "30", "--json", "--seed", "2")) != found


@pytest.mark.parametrize("name", ["look.csv", "look.parquet"])
def test_a_sample_goes_to_a_file(folder: Path, name: str) -> None:
    result = told("review-sample", "in", "--n", "25", "--out", name)
    assert (result.exit_code, f"Sample: {name}" in result.stderr) == (0, True)
    assert "25 of 150 payments without a verdict (50 have one): 13 uncertain, 7 diverse, 5 random" in result.stdout
    assert f"... and 5 more in {name}" in result.stdout
    read = pl.read_csv if name.endswith("csv") else pl.read_parquet
    table = read(folder / name)
    assert table.height == 25
    assert table.columns[-3:] == ["why", "inclusion_probability", "stratum"]


def test_a_truth_table_may_say_what_is_known(folder: Path) -> None:
    known = {"event_id": ["100", "101"], "label": [1, 0], "known_at": [START_MS, START_MS * 2]}
    pl.DataFrame(known).write_parquet("t.parquet")
    found = only_object(told("review-sample", "in", "--truth", "t.parquet", "--json"))
    assert found["labelled"] == 1  # the other becomes known after the log


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no such folder"),
        (["in", "--out", "look.txt"], "name a file that ends in .csv or .parquet"),
        (["in", "--out", "in/decisions.parquet"], "this file is also read"),
        (["in", "--n", "0"], "--n"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(folder: Path, arguments: list[str], message: str) -> None:
    result = told("review-sample", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
