"""`bonafide scores`, `bonafide explain` of a payout and `bonafide train --only merchants` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import load_bundle
from bonafide.engine.shipped import find_bundle
from bonafide.testing.merchant_histories import MERCHANT, START_MS, Step, complaint, payout, played, probe, verdict
from tests.apps.test_cli import GOLDEN, told
from tests.engine.kit import assert_golden
from tests.lab.runs import as_lines, write_bundle

SALES = [Step(START_MS + i * DAY_MS, str(i), "sale", "u1", 900 + i, i) for i in range(1, 20)]
AFTER = Step(START_MS + 21 * DAY_MS, "after", "", "u1", 900, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the log of a merchant that is complained of and then judged, and a replay of it."""
    made = tmp_path_factory.mktemp("scores")
    events = played(SALES) + payout(AFTER, "a-m1") + complaint(AFTER)
    events += verdict(AFTER._replace(at_ms=AFTER.at_ms + DAY_MS), "merchant") + probe(START_MS + 30 * DAY_MS)
    (made / "log.ndjson").write_bytes(as_lines(events))
    assert told("replay", made / "log.ndjson", "--out", made / "out").exit_code == 0
    return made


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_merchant_reads_as_written_down(folder: Path, lang: str) -> None:
    result = told(
        "scores", folder / "log.ndjson", "--out", folder / f"scores-{lang}", "--merchant", MERCHANT, "--lang", lang
    )
    assert result.exit_code == 0
    assert_golden(GOLDEN / f"scores_{lang}.txt", result.stdout)


def test_the_file_the_decision_and_the_explanation_say_the_same(folder: Path) -> None:
    result = told("scores", folder / "log.ndjson", "--out", folder / "json", "--merchant", MERCHANT, "--json")
    shown = json.loads(result.stdout)
    weekly = pl.read_parquet(folder / "json" / "merchant_scores.parquet")
    decided = pl.read_parquet(folder / "out" / "decisions.parquet").filter(pl.col("type") == "payout")
    assert decided["credit_score"].to_list()[-1] == shown["merchant"]["score"] == weekly["score"].to_list()[-1]
    assert decided["risk_level"].to_list()[-1] == shown["merchant"]["level"] == shown["history"][-1]["level"]
    assert shown["merchants"] == 1
    explained = told("explain", "w probe", "--in", folder / "out", "--json")
    credit = json.loads(explained.stdout)["score"]["merchant_credit"]
    assert credit == shown["merchant"]
    text = told("explain", "w probe", "--in", folder / "out").stdout
    assert "Credit score of merchant m1" in text
    assert "The way back up" in text


def test_a_bundle_without_a_card_is_told_how_to_get_one(tmp_path: Path, folder: Path) -> None:
    write_bundle(tmp_path / "small")
    result = told("scores", folder / "log.ndjson", "--out", tmp_path / "o", "--bundle", tmp_path / "small")
    assert result.exit_code == 2
    assert "bonafide train --only merchants" in result.stderr
    result = told(
        "train", folder / "log.ndjson", "--only", "merchants", "--out", tmp_path / "b", "--bundle", tmp_path / "small"
    )
    assert result.exit_code == 2
    assert "declares no merchant_scorecard" in result.stderr


def test_too_few_found_out_are_refused(tmp_path: Path, folder: Path) -> None:
    result = told("train", folder / "log.ndjson", "--only", "merchants", "--out", tmp_path / "b")
    assert result.exit_code == 2
    assert "no payout has its horizon in the log" in result.stderr


def test_a_merchant_of_whom_the_log_says_nothing_has_no_score(tmp_path: Path, folder: Path) -> None:
    result = told("scores", folder / "log.ndjson", "--out", tmp_path / "o", "--merchant", "m404")
    assert result.exit_code == 2
    assert "m404" in result.stderr


def test_the_shipped_bundle_reads_its_card() -> None:
    card = load_bundle(find_bundle("paylater")).compiled.scheme.merchant_card
    assert card is not None
    assert {one.family for one in card.declared} == {"qualification", "trading", "service", "buyers", "record"}
