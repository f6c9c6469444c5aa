"""`bonafide evaluate` at the command line: what it prints and writes, what it refuses, and how a baseline ends it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import Result

from bonafide.lab.metrics import Evaluation
from tests.apps.test_cli import GOLDEN, only_object, told
from tests.engine.kit import assert_golden
from tests.lab import test_texts as small

JUDGE = ("evaluate", "-d", "decisions.parquet", "-t", "truth.parquet")
INTERFACE = (
    "n", "positives", "auc", "ap", "ks", "recall_at_precision_90", "recall_at_precision_10", "tpr_at_fpr",
    "budget_per_day", "precision_at_budget", "recall_at_budget", "money_caught", "money_missed", "line_saved",
    "hours_to_detection_p50", "honest_stopped_per_10000", "per_typology", "per_hard_negative", "intervals",
)  # fmt: skip
"""Keys that INTERFACE.md promises."""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with decisions and a truth some of which is observed, late, and wrong in one case."""
    known = pl.from_epoch(pl.col("row") * 3_600_000 + small.START_MS, "ms").dt.replace_time_zone("UTC")
    seen = pl.when(pl.col("row") == 25).then(1).when(pl.col("row") < 26).then("label").cast(pl.Int8)
    truth = small.truth().with_row_index("row").with_columns(known_at=known, observed_label=seen).drop("row")
    truth.write_parquet(tmp_path / "truth.parquet")
    small.decisions().with_columns(bundle=pl.lit("b" * 64)).write_parquet(tmp_path / "decisions.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(*options: str) -> Result:
    return told(*JUDGE, "--resamples", "20", *options)


def test_the_json_holds_every_key_of_the_interface_and_nothing_undeclared(files: Path) -> None:
    found = only_object(judged("--json"))
    assert set(INTERFACE) <= set(found)
    assert list(found) == list(Evaluation.__struct_fields__)
    assert list(found["tpr_at_fpr"]) == ["0.001", "0.005", "0.01", "0.05"]
    assert (found["labels"], found["as_of"], found["resamples"]) == ("latent", None, 20)


def test_labels_that_had_arrived_judge_by_a_moment_in_either_form(files: Path) -> None:
    latest = only_object(judged("--json", "--labels", "arrived"))
    assert (latest["n"], latest["positives"], latest["as_of"]) == (26, 6, "2026-01-06T11:30:00.000Z")
    moment = small.START_MS + 4 * 3_600_000
    by_ms, by_text = (
        only_object(judged("--json", "--labels", "arrived", "--as-of", as_of))
        for as_of in (str(moment), "2026-01-05T20:30:00+08:00")
    )
    assert by_ms == by_text
    assert (by_ms["n"], by_ms["as_of"]) == (5, "2026-01-05T12:30:00.000Z")
    assert "Note: Judged by the labels that had arrived by 2026-01-06" in judged("--labels", "arrived").stdout


def test_a_report_is_the_same_to_the_byte_and_says_how_to_get_it_again(files: Path) -> None:
    options = ("--budget", "2", "--seed", "4", "--labels", "arrived")
    pages = []
    for name in ("a.html", "b.html"):
        result = judged("--html", name, *options)
        assert (result.exit_code, f"Report: {name}" in result.stderr) == (0, True)
        pages.append((files / name).read_bytes())
    assert pages[0] == pages[1]
    page = pages[0].decode()
    command = "bonafide evaluate --decisions decisions.parquet --truth truth.parquet --budget 2 --resamples 20 --seed 4"
    assert f"<pre>{command} --labels arrived</pre>" in page
    assert "b" * 64 in page
    again = page[page.index("<pre>") + len("<pre>bonafide ") : page.index("</pre>")].split()
    assert told(*again, "--html", "c.html").exit_code == 0
    assert (files / "c.html").read_bytes() == pages[0]


def test_a_report_speaks_chinese_when_asked(files: Path) -> None:
    assert judged("--html", "zh.html", "--lang", "zh").exit_code == 0
    page = (files / "zh.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    assert "这些决定拦下了什么，打扰了谁" in page


def test_what_is_recorded_is_not_worse_than_itself(files: Path) -> None:
    assert judged("--record", "small-seed-7.yaml").exit_code == 0
    assert "name: small-seed-7\n" in (files / "small-seed-7.yaml").read_text(encoding="utf-8")
    result = judged("--baseline", "small-seed-7.yaml", "--json")
    assert result.exit_code == 0
    assert only_object(result)["baseline"] == {"worse": [], "better": []}
    assert "Not worse than small-seed-7.yaml" in result.stderr


def test_worse_than_the_baseline_ends_with_one_and_says_what_fell(files: Path) -> None:
    judged("--record", "b.yaml")
    decisions = pl.read_parquet("decisions.parquet")
    blind = pl.when(pl.col("event_id") == "p2").then(pl.lit("allow")).otherwise("outcome")
    decisions.with_columns(outcome=blind).write_parquet("decisions.parquet")
    result = judged("--baseline", "b.yaml", "--json", "--html", "r.html")
    assert result.exit_code == 1
    fell = "recall of drain_the_line fell from 0.666667 to 0.333333; tolerated is 0.05"
    assert f"worse: {fell}\n" in result.stderr
    assert json.loads(result.stdout)["baseline"]["worse"][-1] == fell
    assert "bonafide: worse than b.yaml in " in result.stderr
    assert (files / "r.html").is_file()


REFUSED = (
    ["--as-of", "2026-01-05T12:00:00Z"],
    ["--labels", "arrived", "--as-of", "yesterday"],
    ["--labels", "arrived", "--as-of", "2026-01-05T12:00:00"],
    ["--html", "truth.parquet"],
    ["--html", "."],
    ["--html", "/dev/null"],
    ["--html", "none/r.html"],
    ["--record", "r.yaml", "--html", "r.yaml"],
    ["--record", "b.yaml", "--baseline", "b.yaml"],
    ["--baseline", "none.yaml"],
    ["--baseline", "b.yaml"],
    ["--budget", "0"],
    ["--record", "b.yaml"],
)


def test_wrong_use_is_answered_in_plain_words_and_nothing_is_written(files: Path) -> None:
    (files / "b.yaml").write_text("format: 1\nname: x\n")
    before = sorted(path.name for path in files.iterdir())
    parts = []
    for options in REFUSED:
        result = judged(*options)
        assert result.stdout == ""
        assert sorted(path.name for path in files.iterdir()) == before, options
        answer = result.stderr[result.stderr.index("bonafide: ") :].rstrip("\n")
        parts.append(f"$ bonafide evaluate ... {' '.join(options)}\n{answer}\n-> {result.exit_code}\n")
    assert_golden(GOLDEN / "evaluate_refusals.txt", "\n".join(parts))


def test_a_truth_without_the_moment_of_its_labels_cannot_say_what_had_arrived(files: Path) -> None:
    pl.read_parquet("truth.parquet").drop("known_at").write_parquet("truth.parquet")
    result = judged("--labels", "arrived")
    assert result.exit_code == 3
    assert "no column known_at" in result.stderr
