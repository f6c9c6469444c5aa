"""The files of a replay: their columns and keys to the letter, the order of their rows, money, labels, features."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bonafide.apps.cli.replay import summary_text
from bonafide.core.events import Event, Fact, Login, MerchantApplication, Payment, Refund, Transfer
from bonafide.core.moment import HOUR_MS, MINUTE_MS
from bonafide.engine.engine import Engine
from bonafide.lab import tables
from bonafide.lab.inputs import Mapping, RejectWriter, load_mapping, read_chunks
from bonafide.lab.replay import Replay, run_replay
from bonafide.testing.windows_twin import WindowTwin
from tests.lab.runs import Run, as_lines, labelled_mapping, replayed, small_bundle

START_MS = 1_767_601_800_000
"""2026-01-05T08:30:00Z."""
MOMENT = pl.Datetime("ms", "UTC")
WORDS = pl.List(pl.String)
MAPPING = labelled_mapping("1h")


def payment(number: int, **fields: Any) -> Payment:
    told = {"event_id": f"p{number}", "time": START_MS + number * MINUTE_MS, "user_id": "u1", "merchant_id": "m1"}
    return Payment(**{**told, "order_id": f"o{number}", "amount": 100, "currency": "CNY", **fields})


def refund(amount: int, **fields: Any) -> Refund:
    told = {"event_id": "r1", "time": START_MS, "user_id": "u1", "merchant_id": "m1", "order_id": "o1"}
    return Refund(**{**told, "amount": amount, "currency": "CNY", **fields})


def replayed_log(folder: Path, log: list[Fact] | list[Event], more: bytes = b"", **options: Any) -> Run:
    path = folder / "log.ndjson"
    path.write_bytes(as_lines(log) + more)
    return replayed(folder / "out", path, **options)


def mapped(
    folder: Path, log: list[tuple[int, str, int, str]], more: tuple[str, ...] = (), **options: Any
) -> Run:  # fmt: skip
    """Payments of (minutes after the start, user, amount, label) and more lines, with a mapping that names truth."""
    lines = [
        f"p{number},{START_MS + minute * MINUTE_MS},{user},{amount},{label}"
        for number, (minute, user, amount, label) in enumerate(log)
    ]
    (folder / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *lines, *more, ""]))
    return replayed(folder / "out", folder / "log.csv", mapping=mapping(folder), **options)


def mapping(folder: Path) -> Mapping:
    (folder / "mapping.yaml").write_text(MAPPING)
    return load_mapping(folder / "mapping.yaml")


# decisions.parquet


def test_decisions_have_the_columns_of_the_contract_also_when_there_are_none(tmp_path: Path) -> None:
    log = [Login(event_id="l1", time=START_MS, subject_type="user", subject_id="u1")]
    for folder, facts in {"a": [payment(0)], "b": log}.items():
        (tmp_path / folder).mkdir()
        table = replayed_log(tmp_path / folder, facts).table("decisions")
        assert dict(table.schema) == {
            "seq": pl.Int64, "event_id": pl.String, "time": MOMENT, "type": pl.String, "user_id": pl.String,
            "merchant_id": pl.String, "amount": pl.Int64, "currency": pl.String, "outcome": pl.String,
            "score": pl.Float64, "risk_level": pl.String, "credit_score": pl.Int64, "alert": pl.Boolean,
            "hits": WORDS, "reasons": WORDS, "measures": WORDS, "faults": WORDS, "bundle": pl.String, "loops": WORDS,
            "degraded": WORDS, "proposals": WORDS, "arm": pl.String, "shadow_outcome": pl.String,
            "shadow_score": pl.Float64, "shadow_hits": WORDS,
        }  # fmt: skip
        assert list(table.schema) == list(table.columns)
        assert table.height == (folder == "a")


def test_one_row_per_decided_event_in_log_order_with_the_place_among_accepted_ones(tmp_path: Path) -> None:
    log = [
        payment(5), Login(event_id="l1", time=START_MS, subject_type="user", subject_id="u1"), payment(3), payment(5),
        Transfer(event_id="t1", time=START_MS, from_account_id="a", to_account_id="b", amount=1, currency="CNY"),
    ]  # fmt: skip
    table = replayed_log(tmp_path, log, b"{\n").table("decisions")
    assert table.select("seq", "event_id", "user_id", "time").rows() == [
        (0, "p5", "u1", datetime(2026, 1, 5, 8, 35, tzinfo=UTC)),
        (2, "p3", "u1", datetime(2026, 1, 5, 8, 33, tzinfo=UTC)),
        (3, "t1", None, datetime(2026, 1, 5, 8, 30, tzinfo=UTC)),
    ]


def test_a_decision_says_why_and_scores_are_whole_millionths(tmp_path: Path) -> None:
    table = replayed_log(tmp_path, [payment(n, amount=700) for n in range(4)]).table("decisions")
    last = table.to_dicts()[-1]
    assert (last["outcome"], last["alert"], last["score"], last["risk_level"]) == ("verify", True, 0.7, "medium")
    assert (last["hits"], last["reasons"], last["measures"]) == (
        ["MANY", "LARGE"], ["RC2", "RC1"], ["request_information"],
    )  # fmt: skip
    assert (last["credit_score"], last["faults"], last["bundle"]) == (None, [], small_bundle().hash)


# summary.json


def test_the_summary_file_has_the_keys_of_the_contract_and_says_what_was_returned(tmp_path: Path) -> None:
    log = [payment(0), payment(700, amount=999), payment(2), payment(2)]
    run = replayed_log(tmp_path, log, b"{\n")
    told = json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))
    assert told == run.summary._asdict()
    assert set(told) >= {
        "read", "decided", "taught", "duplicate", "conflict", "rejected", "generated_verdicts", "by_outcome", "by_type",
        "money_by_outcome", "first_time", "last_time", "bundle", "seconds", "events_per_second", "peak_memory_bytes",
    }  # fmt: skip
    assert (told["first_time"], told["last_time"]) == ("2026-01-05T08:30:00.000Z", "2026-01-05T20:10:00.000Z")
    assert told["by_outcome"] == {"allow": 2, "warn": 1, "verify": 0, "hold": 0, "decline": 0}
    assert told["bundle"] == small_bundle().hash
    assert told["peak_memory_bytes"] > 2**20


def test_what_decisions_lacked_is_counted_and_told(tmp_path: Path) -> None:
    run = replayed_log(tmp_path, [payment(0), payment(1, currency="BRL"), payment(2, currency="BRL")])
    assert run.summary.by_fault == {"missing: currency": 2}
    told = summary_text(run.summary)
    assert "2 decisions lack something: missing: currency; amounts in a currency without a rate" in told
    assert "lack" not in summary_text(run.summary._replace(by_fault={}))


def test_a_log_of_nothing_but_refused_records_has_no_times_and_no_money(tmp_path: Path) -> None:
    run = replayed_log(tmp_path, [], b'{"type":1}\n{\n')
    assert (run.summary.read, run.summary.rejected, run.summary.decided) == (2, 2, 0)
    assert run.summary.first_time is run.summary.last_time is run.summary.currency is None
    assert set(run.summary.money_by_outcome.values()) == {0}
    assert run.table("decisions").is_empty()


@pytest.mark.parametrize(
    ("currencies", "expected"),
    [
        (["EUR", "EUR"], "EUR"),
        (["EUR", "USD", "USD", "CNY"], "CNY"),
        (["EUR", "USD", "USD"], "USD"),
        (["USD", "EUR"], "EUR"),
    ],
)
def test_the_one_currency_is_the_only_one_the_bundles_own_or_the_most_frequent(
    tmp_path: Path, currencies: list[str], expected: str
) -> None:
    log = [payment(n, user_id=f"u{n}", currency=code, amount=2**n) for n, code in enumerate(currencies)]
    summary = replayed_log(tmp_path, log, rows=2).summary
    sums = {code: sum(2**n for n, other in enumerate(currencies) if other == code) for code in currencies}
    assert summary.currency == expected
    assert summary.money_by_outcome == {"allow": sums[expected], "warn": 0, "verify": 0, "hold": 0, "decline": 0}
    assert summary.money_by_currency["allow"] == dict(sorted(sums.items()))
    assert summary.money_by_currency["hold"] == {}


def test_money_is_counted_by_outcome_and_events_without_an_amount_count_nothing(tmp_path: Path) -> None:
    about = {"legal_name": "店", "registration_no": "r", "representative_id": "i", "category": "tea"}
    log = [
        payment(0, amount=601), payment(1, amount=5), payment(2, amount=7, currency="EUR"),
        refund(9, user_id="u9", to="bank"),
        MerchantApplication(event_id="a1", time=START_MS, merchant_id="m1", **about),
    ]  # fmt: skip
    summary = replayed_log(tmp_path, log).summary
    assert summary.by_outcome == {"allow": 1, "warn": 2, "verify": 1, "hold": 0, "decline": 1}
    assert summary.money_by_outcome == {"allow": 5, "warn": 601, "verify": 0, "hold": 0, "decline": 9}
    assert summary.money_by_currency == {
        "allow": {"CNY": 5}, "warn": {"CNY": 601, "EUR": 7}, "verify": {}, "hold": {}, "decline": {"CNY": 9},
    }  # fmt: skip


# rejects.ndjson


def test_what_the_engine_refuses_is_kept_with_its_line_and_its_reason(tmp_path: Path) -> None:
    long = "x" * 100
    log = [payment(0, event_id=long), payment(10 * 24 * 60), payment(1), payment(2, event_id=long)]
    run = replayed_log(tmp_path, log)
    conflict, late = sorted(run.rejects, key=lambda reject: reject["reason"])
    file = str(tmp_path / "log.ndjson")
    assert (conflict["file"], conflict["line"], conflict["event_id"]) == (file, 4, long)
    assert (conflict["reason"], conflict["field"]) == ("conflict", "event_id")
    assert len(conflict["value"]) <= 60
    assert conflict["value"] in conflict["message"]
    assert late == {
        "file": file, "line": 3, "event_id": "p1", "field": "time", "value": "2026-01-05T08:31:00.000Z",
        "reason": "too-late", "message": "time: 2026-01-05T08:31:00.000Z lies more than 2d behind "
        "2026-01-15T08:30:00.000Z, the latest time in the log before it",
    }  # fmt: skip


# truth.parquet and the verdicts that labels become


def test_truth_has_the_columns_of_the_contract_and_a_row_per_label_of_an_accepted_event(tmp_path: Path) -> None:
    log = [(0, "u1", 5, "1"), (1, "u2", 5, ""), (2, "u3", 0, "1"), (3, "u4", 5, "0"), (3, "u4", 5, "0")]
    again, changed = f"p0,{START_MS},u1,5,1", f"p1,{START_MS},u2,6,1"
    run = mapped(tmp_path, log, (again, changed))
    assert (run.summary.duplicate, run.summary.conflict) == (1, 1)
    truth = run.table("truth")
    assert dict(truth.schema) == {
        "event_id": pl.String, "label": pl.Int8, "typology": pl.String, "ring_id": pl.String, "known_at": MOMENT,
        "user_id": pl.String, "merchant_id": pl.String,
    }  # fmt: skip
    assert truth.drop("known_at").rows() == [
        ("p0", 1, None, None, "u1", "m1"), ("p3", 0, None, None, "u4", "m1"), ("p4", 0, None, None, "u4", "m1"),
    ]  # fmt: skip
    assert truth["known_at"][0] == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_a_label_weighs_from_the_moment_it_is_known_and_takes_no_place_in_the_log(tmp_path: Path) -> None:
    log = [(0, "u1", 5, "1"), *[(minute, "u1", 5, "") for minute in (30, 59, 60, 90)], (90, "u2", 5, "")]
    run = mapped(tmp_path, log)
    table = run.table("decisions")
    assert ["KNOWN" in hits for hits in table["hits"]] == [False, False, False, True, True, False]
    assert table["seq"].to_list() == list(range(6))
    assert run.summary.generated_verdicts == 1
    assert run.summary.taught == 0
    assert run.summary.by_type == {"payment": 6}


@pytest.mark.parametrize("rows", [1, 3, 1_000])
def test_labels_known_later_change_no_earlier_decision(tmp_path: Path, rows: int) -> None:
    log = [(n * 10, f"u{n % 10}", 5) for n in range(20)]
    runs = []
    for other in (0, 1):
        folder = tmp_path / str(other)
        folder.mkdir()
        labels = [str(n % 3 % 2 if n < 8 else (n + other) % 2) for n in range(20)]
        runs.append(mapped(folder, [(*row, label) for row, label in zip(log, labels)], rows=rows).table("decisions"))
    first, second = runs
    known = 8 * 10 + 60
    before = first["time"].dt.epoch("ms") < START_MS + known * MINUTE_MS
    assert first.filter(before).equals(second.filter(before))
    assert not first.filter(~before).equals(second.filter(~before))


# features.parquet


def test_features_have_a_row_for_every_event_that_some_feature_counts(tmp_path: Path) -> None:
    log: list[Event] = [
        payment(0, amount=7), Login(event_id="l1", time=START_MS, subject_type="user", subject_id="u1"),
        refund(9, time=START_MS + HOUR_MS),
        Transfer(event_id="t1", time=START_MS, from_account_id="a", to_account_id="b", amount=1, currency="CNY"),
        payment(3, amount=10), payment(4, merchant_id="m2"), payment(3, amount=10),
    ]  # fmt: skip
    table = replayed_log(tmp_path, log, features=True).table("features")
    names = [feature.name for feature in small_bundle().features]
    assert dict(table.schema) == {"event_id": pl.String, "seq": pl.Int64, **dict.fromkeys(names, pl.Float64)}
    assert table.columns == ["event_id", "seq", *names]
    twin = WindowTwin(small_bundle().features, currency="CNY", offset_ms=8 * HOUR_MS, assume_completed=True)
    fed = [twin.feed(event) for event in log]
    expected = [
        {"event_id": event.event_id, "seq": n, **answers}
        for n, (event, (status, answers)) in enumerate(zip(log, fed))
        if status == "taken" and event.type in {"payment", "refund"}
    ]
    assert table.to_dicts() == expected
    assert expected[0]["user_mean_1d"] is None


# What an unfinished run leaves


def test_a_run_that_breaks_off_leaves_no_part_files_and_no_half_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(chunk: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "ROWS_HELD_MAX", 1)
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines([payment(n) for n in range(4)]))
    out = tmp_path / "out"
    out.mkdir()
    with RejectWriter(out / "rejects.ndjson") as rejects:
        run = Replay(Engine(small_bundle()), out, [path], rejects)
        with pytest.raises(KeyboardInterrupt):
            run_replay(read_chunks([path], rejects=rejects), run, breaking, lambda: 0.0)
    assert [found.name for found in out.iterdir()] == ["rejects.ndjson"]
