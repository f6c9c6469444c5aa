"""`bonafide backtest` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.apps.test_cli import MAPPING, START_MS, only_object, told
from tests.lab.runs import BUNDLE, write_bundle


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CSV whose labels come after a minute, its truth as a table, the small bundle and one that alerts on more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    write_bundle(tmp_path / "small")
    write_bundle(tmp_path / "strict")
    lower = BUNDLE["policy.yaml"].replace("0.35, outcome: warn", "0.3, outcome: warn").replace("0.6, o", "0.45, o")
    (tmp_path / "strict" / "policy.yaml").write_text(lower)
    rows = [(n, START_MS + n * 600_000, f"u{n % 9}", 40 * (n + 1), int(n % 5 == 0)) for n in range(60)]
    lines = [",".join(map(str, row)) for row in rows]
    (tmp_path / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *lines, ""]))
    pl.DataFrame(
        {"event_id": [str(r[0]) for r in rows], "label": [r[4] for r in rows], "typology": ["bust_out"] * 60,
         "known_at": [r[1] + 60_000 for r in rows]}
    ).write_parquet(tmp_path / "truth.parquet")  # fmt: skip
    return tmp_path


BOTH = ("backtest", "log.csv", "--mapping", "mapping.yaml", "--champion", "small", "--challenger", "strict")


def test_swap_sets_and_figures_in_text_json_and_a_page(folder: Path) -> None:
    result = told(*BOTH, "--truth", "truth.parquet", "--out", "out", "--budget", "2", "--json")
    assert result.exit_code == 0, result.stderr
    found = only_object(result)
    assert json.loads((folder / "out" / "backtest.json").read_text()) == found
    assert [one["name"] for one in found["bundles"]] == ["small", "strict"]
    assert [one["how"] for one in found["bundles"]] == ["shared", "shared"]
    assert found["swap_sets"][0]["alerts_new"] > 0
    assert found["bundles"][1]["judged"]["honest_disturbed"] > found["bundles"][0]["judged"]["honest_disturbed"]
    page = (folder / "out" / "report.html").read_text()
    assert "bonafide backtest log.csv --champion small --challenger strict --truth truth.parquet --budget 2" in page
    plain = told(*BOTH, "--out", "plain", "--lang", "zh")
    assert plain.stdout.startswith("60 records, 60 decided on")
    assert "new alerts" in plain.stdout
    assert "换一套规则包" in (folder / "plain" / "report.html").read_text()


def test_labels_of_the_log_judge_where_no_table_does(folder: Path) -> None:
    found = only_object(told(*BOTH, "--out", "out", "--json"))
    assert (found["labels"], found["labelled"], found["cash_out"]) == ("latent", 60, 12)
    arrived = told(*BOTH, "--truth", "truth.parquet", "--labels", "arrived", "--out", "late", "--json")
    assert only_object(arrived)["labels"] == "arrived"


def test_kept_features_answer_the_same_and_are_walked_anew_where_they_do_not_fit(folder: Path) -> None:
    one = only_object(told(*BOTH, "--out", "one", "--cache", "kept", "--json"))
    again = only_object(told(*BOTH, "--out", "two", "--cache", "kept", "--json"))
    assert (one["cached"], again["cached"]) == (False, True)
    for name in ("swap_sets", "by_outcome", "decided", "first_day"):
        assert one.get(name) == again.get(name)
    assert [b["rules"] for b in one["bundles"]] == [b["rules"] for b in again["bundles"]]
    (folder / "log.csv").write_text((folder / "log.csv").read_text().replace(",40,", ",41,"))
    stale = told(*BOTH, "--out", "three", "--cache", "kept", "--json")
    assert "what is kept there does not fit, so the log is walked anew: it is of another log" in stale.stderr
    assert only_object(stale)["cached"] is False
    assert only_object(told(*BOTH, "--out", "four", "--cache", "kept", "--json"))["cached"] is True


def test_decisions_are_written_with_the_digest_of_a_replay(folder: Path) -> None:
    found = only_object(told(*BOTH, "--out", "out", "--decisions", "--json"))
    told("replay", "log.csv", "--mapping", "mapping.yaml", "--bundle", "strict", "--out", "replayed")
    summary = json.loads((folder / "replayed" / "summary.json").read_text())
    assert found["bundles"][1]["digest"] == summary["digest"]
    assert found["bundles"][1]["decisions"] == "decisions-1.parquet"
    assert pl.read_parquet(folder / "out" / "decisions-1.parquet").height == 60


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cache", "kept", "--decisions"], "leave --cache out"),
        (["--labels", "arrived"], "say of which labels with --truth"),
        (["--truth", "truth.parquet", "--as-of", "2026-01-06T00:00:00Z"], "--as-of: the latent truth has no moment"),
        (["--truth", "nowhere.parquet"], "nowhere.parquet: there is no such file"),
        (["--challenger", "nowhere"], "nowhere"),
        (["--cache", "small"], "small: is there and holds no kept features"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(folder: Path, arguments: list[str], message: str) -> None:
    result = told(*BOTH, "--out", "out", *arguments)
    assert result.exit_code == 2, result.stderr
    assert message in result.stderr


def test_refused_records_end_with_three(folder: Path) -> None:
    with (folder / "log.csv").open("a") as file:
        file.write("x,soon,u1,5,0\n")
    walked = told(*BOTH, "--out", "out", "--cache", "kept")
    assert walked.exit_code == 3
    assert "refused records: 1; see out/rejects.ndjson" in walked.stderr
    kept = told(*BOTH, "--out", "again", "--cache", "kept")
    assert kept.exit_code == 3
    assert "refused records: 1; each stands in the folder of the run that kept the features" in kept.stderr
