"""`bonafide bundle trial, arms`, `backtest --trial`, and what explains a decision of either part."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import polars as pl
import pytest

from bonafide.engine.bundle import load_bundle
from tests.apps.test_cli import only_object, told
from tests.engine.kit import START_MS
from tests.lab.runs import BUNDLE, write_bundle

TRIAL = ("bundle", "trial", "small", "strict", "--out", "whole")
ROLLOUT = ("--percent", "40", "--control", "30", "--salt", "2026-11: 更少的提醒")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of payments with its truth, the small bundle, and one with more features, rules and alerts."""
    monkeypatch.chdir(tmp_path)
    write_bundle(tmp_path / "small")
    write_bundle(tmp_path / "strict")
    lower = BUNDLE["policy.yaml"].replace("0.35, outcome: warn", "0.3, outcome: warn").replace("0.6, o", "0.45, o")
    (tmp_path / "strict" / "policy.yaml").write_text(lower)
    with (tmp_path / "strict" / "features.yaml").open("a") as file:
        file.write("- {name: shop_count_1d, event: payment, by: merchant_id, take: count, over: 1d}\n")
    with (tmp_path / "strict" / "rules.yaml").open("a") as file:
        file.write("- {id: BUSY, when: shop_count_1d > 20, typology: broker_ring, weight: 0.2, reason: RC1,\n"
                   "   source: t}\n")  # fmt: skip
    rows = [
        {"type": "payment", "event_id": f"p{n}", "time": START_MS + n * 600_000, "user_id": f"u{n % 30}",
         "merchant_id": "m", "order_id": f"o{n}", "amount": 10 * (n % 90) + 1, "currency": "CNY"}
        for n in range(240)
    ]  # fmt: skip
    (tmp_path / "log.ndjson").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    pl.DataFrame({"event_id": [row["event_id"] for row in rows], "label": [int(n % 30 == 4) for n in range(240)]}
                 ).write_parquet(tmp_path / "truth.parquet")  # fmt: skip
    return tmp_path


def test_a_trial_is_made_shown_and_grown(folder: Path) -> None:
    made = told(*TRIAL, *ROLLOUT)
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("challenger small ")
    assert "decides for 40 of 100 subjects; 30 of 100 stay with the champion as control" in made.stdout
    shown = only_object(told("bundle", "show", "whole", "--json"))["trial"]
    assert {name: shown[name] for name in ("mode", "percent", "control", "salt")} == {
        "mode": "rollout", "percent": 40.0, "control": 30.0, "salt": "2026-11: 更少的提醒"
    }  # fmt: skip
    assert shown["hash"] == load_bundle(folder / "strict").hash
    grown = told("bundle", "trial", "whole", "--percent", "60", "--out", "grown")
    assert grown.exit_code == 0, grown.stderr
    later, before = (load_bundle(folder / name).trial for name in ("grown", "whole"))
    assert later is not None
    assert before is not None
    assert (later.salt, later.control, later.share) == (before.salt, before.control, 6_000)
    difference = told("bundle", "diff", "small", "whole")
    assert "challenger: 3 added, 1 changed" in difference.stdout
    assert "must warm new features" in difference.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("small", "strict", "--percent", "40"), "--salt: give a text"),
        (("small", "strict"), "--percent: say for how many"),
        (("small", "--shadow"), "holds no trial yet"),
        (("small", "strict", "--shadow", "--salt", "a"), "--shadow: it decides for nobody"),
        (("small", "strict", "--percent", "80", "--control", "30", "--salt", "a"), "is more than 100"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(folder: Path, words: tuple[str, ...], message: str) -> None:
    result = told("bundle", "trial", *words, "--out", "whole")
    assert result.exit_code in (1, 2)
    assert message in result.stderr


def test_a_shadow_is_back_tested_and_explained_and_its_decisions_say_what_it_would_have_said(folder: Path) -> None:
    assert told(*TRIAL, "--shadow").exit_code == 0
    assert told("replay", "log.ndjson", "--bundle", "whole", "--out", "replayed").exit_code == 0
    compared = told("backtest", "log.ndjson", "--trial", "whole", "--truth", "truth.parquet", "--out", "compared",
                    "--decisions", "--json")  # fmt: skip
    found = only_object(compared)
    assert [one["name"] for one in found["bundles"]] == ["champion small", "challenger small"]
    assert [one["how"] for one in found["bundles"]] == ["shared", "shared"]
    assert found["bundles"][0]["digest"] == json.loads((folder / "replayed" / "summary.json").read_text())["digest"]
    rows = pl.read_parquet(folder / "replayed" / "decisions.parquet")
    beside = pl.read_parquet(folder / "compared" / "decisions-1.parquet")
    assert rows["shadow_outcome"].to_list() == beside["outcome"].to_list()
    assert rows["shadow_score"].to_list() == beside["score"].to_list()
    assert rows["shadow_hits"].to_list() == beside["hits"].to_list()
    assert "backtest log.ndjson --trial whole" in (folder / "compared" / "report.html").read_text()
    event = rows.filter(pl.col("outcome") != pl.col("shadow_outcome"))["event_id"][0]
    shown = told("explain", event, "--in", "replayed")
    assert "byte for byte" in shown.stdout
    assert "small would have said" in shown.stdout
    assert "未生效" in told("explain", event, "--in", "replayed", "--lang", "zh").stdout
    assert only_object(told("explain", event, "--in", "replayed", "--json"))["shadow"]["outcome"]


def test_the_arms_of_a_rollout_are_compared_and_decisions_of_each_explained(folder: Path) -> None:
    assert told(*TRIAL, *ROLLOUT).exit_code == 0
    assert told("replay", "log.ndjson", "--bundle", "whole", "--out", "replayed", "--features").exit_code == 0
    compared = told("bundle", "arms", "replayed", "--trial", "whole", "--truth", "truth.parquet", "--out", "arms")
    assert compared.exit_code == 0, compared.stderr
    figures = json.loads((folder / "arms" / "arms.json").read_text())
    assert [one["name"] for one in figures["arms"]] == ["champion", "challenger", "control"]
    assert figures["subjects"] == 30
    assert "bonafide bundle arms replayed --trial whole" in (folder / "arms" / "report.html").read_text()
    rows = pl.read_parquet(folder / "replayed" / "decisions.parquet")
    for arm, rule in (("challenger", "BUSY"), ("control", "LARGE")):
        held = rows.filter((pl.col("arm") == arm) & pl.col("hits").list.contains(rule))
        found = only_object(told("explain", held["event_id"][-1], "--in", "replayed", "--json", "--trace"))
        assert found["derived_again"]
        assert found["decision"]["arm"] == arm
        assert rule in [one["id"] for one in found["rules"]]
        shown = told("explain", held["event_id"][-1], "--in", "replayed").stdout
        assert f"{arm}: decided by small" in shown
    assert {"shop_count_1d", "user_count_1h"} <= set(pl.read_parquet(folder / "replayed" / "features.parquet").columns)


def test_what_needs_one_set_of_rules_does_not_take_two(folder: Path) -> None:
    assert told(*TRIAL, "--shadow").exit_code == 0
    for words in (
        ("backtest", "log.ndjson", "--champion", "whole", "--out", "o1"),
        ("backtest", "log.ndjson", "--trial", "small", "--out", "o3"),
        ("backtest", "log.ndjson", "--trial", "whole", "--challenger", "strict", "--out", "o4"),
    ):
        assert told(*words).exit_code == 2
    refused = told("backtest", "log.ndjson", "--champion", "whole", "--out", "o5").stderr
    assert "name the champion or the challenger alone" in refused
    no_rollout = told("bundle", "arms", "replayed", "--trial", "whole", "--out", "arms")
    assert "for a shadow see bonafide backtest --trial" in no_rollout.stderr
