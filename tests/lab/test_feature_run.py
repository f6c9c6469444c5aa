"""`bonafide features`: what files give equals the plain twin, a row for every accepted event."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Event, Login, Payment, Verdict
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.features.spec import parse_features
from bonafide.engine.kernels import load_kernels
from bonafide.lab import feature_run, tables
from bonafide.lab.feature_run import FeatureCounts, FeatureRun, run_features
from bonafide.lab.inputs import Mapping, RejectWriter, load_mapping, read_chunks
from bonafide.testing.generators import events
from bonafide.testing.windows_twin import WindowTwin
from tests.lab.runs import as_lines, as_parquet

START_MS = 1_767_601_800_000
SPEC = parse_features(
    [
        {"name": "payments_1h", "event": "payment", "by": "user_id", "take": "count", "over": "1h"},
        {"name": "spent", "event": ["payment", "refund"], "by": "user_id", "take": "sum", "of": "amount", "over": "7d"},
        {"name": "done", "event": "payment", "by": "merchant_id", "take": "mean", "of": "amount", "completed": True},
        {"name": "spread", "event": "payment", "by": "user_id", "take": "zscore", "of": "amount", "over": "30d"},
        {"name": "shops", "event": "payment", "by": "user_id", "take": "distinct", "of": "merchant_id", "over": "1d"},
        {"name": "pair", "event": "payment", "by": ["user_id", "merchant_id"], "take": "seconds_since_last"},
        {"name": "logins", "event": "login", "by": "device_id", "take": "count", "where": "not success", "over": "1d"},
        {"name": "bad", "event": "verdict", "by": "user_id", "take": "count", "where": "label == 'cash_out'"},
    ],
    "test",
)
TIMES = st.integers(0, 40 * DAY_MS // HOUR_MS).map(lambda hour: START_MS + hour * HOUR_MS)
"""Forty days, so that with a lateness of thirty some events are too late."""
LOGS = st.lists(events({"payment", "payment_status", "refund", "login", "verdict"}, pool=2, times=TIMES), min_size=1)


def run_over(folder: Path, *paths: Path, rows: int = 1_000, **options: Any) -> tuple[FeatureCounts, pl.DataFrame]:
    """The features of files, through a file, with what the run counted."""
    with RejectWriter(folder / "rejects.ndjson") as rejects:
        mapping: Mapping | None = options.pop("mapping", None)
        run = FeatureRun(SPEC, folder / "f.parquet", paths, rejects, load_kernels(), DEFAULT_SECRET, **options)
        counts = run_features(read_chunks(paths, mapping, None, rejects, rows), run, lambda chunk: None)
    return counts, pl.read_parquet(folder / "f.parquet")


def first_currency(log: list[Event]) -> str | None:
    return next((code for event in log if (code := getattr(event, "currency", None)) is not None), None)


def told_by_the_twin(log: list[Event]) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Rows of accepted events, and what became of all."""
    twin = WindowTwin(SPEC, currency=first_currency(log))
    rows, became = [], Counter[str]()
    for event in log:
        status, answers = twin.feed(event)
        became[status] += 1
        if status == "taken":
            rows.append({"event_id": event.event_id, "seq": len(rows), **answers})
    return rows, became


@settings(max_examples=50)
@given(LOGS, st.sampled_from([1, 5, 1_000]), st.booleans())
def test_features_through_files_equal_the_twin(log: list[Event], rows: int, parquet: bool) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "log.ndjson"
        path.write_bytes(as_lines(log))
        path = as_parquet(folder / "log.parquet", log) if parquet else path
        counts, table = run_over(folder, path, rows=rows)
    expected, became = told_by_the_twin(log)
    assert table.columns == ["event_id", "seq", *(feature.name for feature in SPEC)]
    assert table.to_dicts() == expected
    assert counts == FeatureCounts(
        read=len(log), accepted=became["taken"], duplicate=became["duplicate"], conflict=became["conflict"],
        rejected=became["too-late"], currency=first_currency(log) or "CNY",
    )  # fmt: skip


def payment(number: int, **fields: Any) -> Payment:
    told = {"event_id": f"p{number}", "time": START_MS + number * MINUTE_MS, "user_id": "u1", "merchant_id": "m1"}
    return Payment(**{**told, "order_id": "o1", "amount": 100 + number, "currency": "EUR", **fields})


@pytest.mark.parametrize("rows", [1, 1_000])
def test_the_currency_is_the_first_that_the_log_names_wherever_it_stands(tmp_path: Path, rows: int) -> None:
    log: list[Event] = [
        Login(event_id=f"l{n}", time=START_MS, subject_type="user", subject_id="u1", device_id="d1", success=False)
        for n in range(3)
    ]
    log += [payment(1), payment(2, currency="USD"), payment(3)]
    log += [Login(event_id="l9", time=START_MS, subject_type="user", subject_id="u1", device_id="d1")]
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines(log))
    counts, table = run_over(tmp_path, path, rows=rows)
    assert counts.currency == "EUR"
    assert table["spent"].to_list() == [None] * 3 + [0.0, 101.0, 101.0, None]
    assert table["logins"].to_list() == [0.0, 1.0, 2.0, None, None, None, 3.0]


def test_another_currency_may_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines([payment(1), payment(2, currency="USD"), payment(3)]))
    counts, table = run_over(tmp_path, path, currency="USD")
    assert counts.currency == "USD"
    assert table["spent"].to_list() == [0.0, 0.0, 102.0]


def test_labels_of_a_file_count_once_they_are_known_and_have_no_row(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(
        "event: payment\n"
        "fields: {event_id: {column: id}, time: {column: t, unit: s}, user_id: {value: u1}, merchant_id: {value: m1},\n"
        "  order_id: {column: id}, amount: {value: 5}, currency: {value: CNY}}\n"
        'truth: {column: bad, cash_out: ["1"], delay: 1m}\n'
    )
    (tmp_path / "log.csv").write_text("id,t,bad\n1,100,1\n2,130,0\n3,160,1\n4,200,0\n5,230,0\n")
    counts, table = run_over(tmp_path, tmp_path / "log.csv", mapping=load_mapping(tmp_path / "mapping.yaml"))
    assert table.select("seq", "bad").rows() == [(0, 0.0), (1, 0.0), (2, 1.0), (3, 1.0), (4, 2.0)]
    assert (counts.read, counts.accepted) == (5, 5)


def test_a_verdict_of_the_log_has_its_row(tmp_path: Path) -> None:
    about = {"subject_type": "event", "subject_id": "p1", "user_id": "u1"}
    verdict = Verdict(event_id="v1", time=START_MS, label="cash_out", source="court", **about)
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines([verdict, payment(1)]))
    assert run_over(tmp_path, path)[1]["bad"].to_list() == [0.0, 1.0]


def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking(chunk: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "ROWS_HELD_MAX", 1)
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines([payment(1)]))
    run = FeatureRun(SPEC, tmp_path / "f.parquet", [path], RejectWriter(), load_kernels(), DEFAULT_SECRET)
    with pytest.raises(KeyboardInterrupt):
        run_features(read_chunks([path]), run, breaking)
    assert [found.name for found in tmp_path.iterdir()] == ["log.ndjson"]


def test_batches_of_any_size_give_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines([payment(n, user_id=f"u{n % 3}") for n in range(50)]))
    whole = run_over(tmp_path, path)[1]
    monkeypatch.setattr(feature_run, "WALK_ROWS", 3)
    assert run_over(tmp_path, path)[1].equals(whole)
