"""The same records are the same whatever file they come from, and good ones pass whatever stands around them."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bonafide.core.door import convert_event
from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import FIELDS
from bonafide.core.moment import MOMENT_MAX, moment_of_date, show_moment
from bonafide.lab.inputs import parquet, read_chunks
from bonafide.lab.inputs.cast import rfc3339
from bonafide.lab.inputs.check import settle
from bonafide.lab.inputs.chunks import DEFAULTS, FIELD_DTYPE
from tests.lab.inputs.samples import HEADER, MIXED, PAYMENT, ROW, mapping_of, ndjson, read_all, written

BAD: tuple[Any, ...] = (
    PAYMENT | {"amount": 0},
    PAYMENT | {"currency": "RMB"},
    PAYMENT | {"user_id": "a\tb"},
    PAYMENT | {"user_id": None},
    PAYMENT | {"success": True},
    PAYMENT | {"time": -1},
    {"type": "nothing", "event_id": "x", "time": 0},
    {"event_id": "x", "time": 0},
)
"""Records that any format can hold and no door lets in."""


def as_parquet(folder: Path, records: list[dict[str, Any]], groups: int = 1_000) -> Path:
    path = folder / "a.parquet"
    names = dict.fromkeys(("type", *(name for record in records for name in record)))
    columns = {name: [record.get(name) for record in records] for name in names}
    pl.DataFrame(columns, infer_schema_length=None).write_parquet(path, row_group_size=groups)
    return path


def without_place(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("file", "line", strict=False)


def test_ndjson_and_parquet_give_equal_frames(tmp_path: Path) -> None:
    records = list(MIXED)
    expected = read_all(tmp_path, written(tmp_path / "a.ndjson", ndjson(*records)))
    assert expected.rejects == []
    assert expected.frame["event_id"].to_list() == [record["event_id"] for record in records]
    others = (
        written(tmp_path / "b.ndjson.gz", ndjson(*records)),
        written(tmp_path / "b.jsonl", b"\xef\xbb\xbf" + ndjson(*records).replace(b"\n", b"\r\n")),
        written(tmp_path / "b.json", json.dumps(records, indent=1)),
        written(tmp_path / "b.json.gz", json.dumps(records)),
        as_parquet(tmp_path, records),
    )
    for other in others:
        assert_frame_equal(read_all(tmp_path, other).frame, expected.frame)


def test_parquet_takes_every_accepted_form_of_a_column(tmp_path: Path) -> None:
    records = list(MIXED)
    expected = read_all(tmp_path, written(tmp_path / "a.ndjson", ndjson(*records)))
    plain = pl.read_parquet(as_parquet(tmp_path, records))
    zoned = pl.from_epoch("time", "ms").dt.replace_time_zone("UTC")
    texts = [json.dumps(record["documents"]) if "documents" in record else None for record in records]
    forms = {
        "microseconds": plain.with_columns(zoned.dt.cast_time_unit("us")),
        "nanoseconds in Shanghai": plain.with_columns(
            zoned.dt.cast_time_unit("ns").dt.convert_time_zone("Asia/Shanghai")
        ),
        "RFC 3339": plain.with_columns(zoned.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")),
        "RFC 3339 with a space": plain.with_columns(zoned.dt.strftime("%Y-%m-%d %H:%M:%SZ")),
        "dates": plain.with_columns(pl.from_epoch("opened_on", "ms").dt.date()),
        "ISO dates": plain.with_columns(pl.from_epoch("opened_on", "ms").dt.strftime("%Y-%m-%d")),
        "dictionaries": plain.with_columns(pl.col("type", "currency").cast(pl.Categorical)),
        "small integers": plain.with_columns(pl.col("instalments", "weight_g").cast(pl.UInt8)),
        "lists as text": plain.with_columns(pl.Series("documents", texts)),
        "a column of nulls": plain.with_columns(pl.lit(None).alias("ip"), pl.lit(None).alias("no_such_field")),
    }
    for name, frame in forms.items():
        frame.write_parquet(tmp_path / "b.parquet")
        read = read_all(tmp_path, tmp_path / "b.parquet")
        assert read.rejects == [], name
        assert_frame_equal(read.frame, expected.frame)


def test_dates_of_centuries_ago_are_the_same_in_every_format(tmp_path: Path) -> None:
    shop = next(record for record in MIXED if record["type"] == "merchant_application")
    days = ["1602-03-20", "1000-01-01", "0999-12-31"]
    records = [{**shop, "event_id": f"a{n}", "opened_on": day} for n, day in enumerate(days)]
    expected = read_all(tmp_path, written(tmp_path / "a.ndjson", ndjson(*records)))
    assert expected.frame["opened_on"].to_list() == [moment_of_date(date.fromisoformat(day)) for day in days[:2]]
    texts = pl.read_parquet(as_parquet(tmp_path, records))
    dates = texts.with_columns(pl.col("opened_on").str.to_date())
    for frame in (texts, dates, dates.with_columns(pl.col("opened_on").cast(pl.Datetime("ms")).dt.epoch("ms"))):
        frame.write_parquet(tmp_path / "b.parquet")
        read = read_all(tmp_path, tmp_path / "b.parquet")
        assert_frame_equal(read.frame, expected.frame)
        assert [one["message"].endswith("; give a date from 1000 to 9999") for one in read.rejects] == [True]


def test_csv_with_a_mapping_gives_the_frame_of_the_same_payments(tmp_path: Path) -> None:
    records = [
        PAYMENT | {"event_id": str(n), "order_id": f"o{n}", "user_id": f"u{n % 3}", "amount": n + 1} for n in range(50)
    ]
    native = read_all(tmp_path, written(tmp_path / "a.ndjson", ndjson(*records)))
    rows = [ROW.split(",") for _ in records]
    for row, record in zip(rows, records, strict=True):
        row[0], row[2], row[3], row[4] = record["event_id"], record["user_id"][1:], "1", f"{record['amount'] / 100:.2f}"
    text = io.StringIO()
    csv.writer(text).writerows([HEADER.split(","), *rows])
    mapping = mapping_of(tmp_path)
    for name in ("a.csv", "a.csv.gz"):
        mapped = read_all(tmp_path, written(tmp_path / name, text.getvalue()), mapping=mapping, rows=7)
        assert_frame_equal(without_place(mapped.frame), without_place(native.frame))
    foreign = pl.read_csv(text.getvalue().encode(), schema_overrides={"amount": pl.Float64})
    foreign.write_parquet(tmp_path / "a.parquet", row_group_size=9)
    mapped = read_all(tmp_path, tmp_path / "a.parquet", mapping=mapping, rows=7)
    assert_frame_equal(without_place(mapped.frame), without_place(native.frame))


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(
    places=st.lists(st.one_of(st.sampled_from(MIXED), st.sampled_from(BAD)), min_size=1, max_size=30),
    rows=st.integers(1, 9),
    groups=st.integers(1, 40),
)
def test_good_records_pass_in_order_whatever_stands_around_them(
    places: list[dict[str, Any]], rows: int, groups: int
) -> None:
    records = [record | {"event_id": f"e{n}"} for n, record in enumerate(places)]
    good = [(n + 1, f"e{n}") for n, record in enumerate(places) if record in MIXED]
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in (
            written(folder / "a.ndjson", ndjson(*records)),
            written(folder / "a.json", json.dumps(records)),
            as_parquet(folder, records, groups),
        ):
            read = read_all(folder, path, rows=rows)
            assert read.frame.select("line", "event_id").rows() == good
            assert [reject["line"] for reject in read.rejects] == [
                n + 1 for n in range(len(records)) if (n + 1, f"e{n}") not in good
            ]
            assert read.read == len(records)
            assert all(chunk.frame.height <= rows and chunk.read <= rows for chunk in read.chunks)


PLAIN = tuple(record for record in MIXED if json.dumps(record, ensure_ascii=False).isascii())
"""Records whose lines are decoded all at once."""


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from(PLAIN), min_size=1, max_size=30)
    | st.lists(st.sampled_from((*MIXED, *BAD)), min_size=1, max_size=9),
    st.sampled_from([1, 2, 5]),
)
def test_lines_are_the_same_at_once_and_one_by_one_and_however_few_are_laid_out(
    records: list[dict[str, Any]], leaf: int
) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        path = written(Path(name) / "a.ndjson", ndjson(*records))
        at_once = read_all(Path(name), path, rows=9)
        patch.setattr("bonafide.lab.inputs.ndjson.LEAF_ROWS", leaf)
        patch.setattr("bonafide.lab.inputs.ndjson.decode_events", lambda _: None)
        one_by_one = read_all(Path(name), path, rows=9)
    assert_frame_equal(one_by_one.frame, at_once.frame)
    assert one_by_one.rejects == at_once.rejects
    assert [chunk.read for chunk in one_by_one.chunks] == [chunk.read for chunk in at_once.chunks]


def test_refusals_read_the_same_from_every_format(tmp_path: Path) -> None:
    records = [record | {"event_id": f"e{n}"} for n, record in enumerate(BAD)]
    told = [
        [
            (reject["line"], reject["field"], reject["value"], reject["reason"], reject["message"])
            for reject in read.rejects
        ]
        for read in (
            read_all(tmp_path, written(tmp_path / "a.ndjson", ndjson(*records))),
            read_all(tmp_path, as_parquet(tmp_path, records)),
        )
    ]
    assert told[0] == told[1]
    assert len(told[0]) == len(BAD)


WORDS = st.sampled_from(
    ["CNY", "JPY", "credit", "completed", "active", "user", "event", "cash_out", "court", "grant", "cny"]
)
VALUES = {
    "text": st.sampled_from(
        ["u1", "", "é", "e\u0301", "a\x7f", "\u0085", "x" * 128, "x" * 129, "手机" * 65, "x" * 257]
    ),
    "word": WORDS,
    "money": st.sampled_from([0, 1, -1, 10**12, 10**12 + 1]),
    "integer": st.sampled_from([0, 1, 360, 361, -5, 10**9, 10**13]),
    "moment": st.sampled_from([0, -1, 253_402_300_799_999, 253_402_300_800_000]),
    "fraction": st.sampled_from([0.0, 1.0, 0.5, -0.1, 1.1, float("nan")]),
    "flag": st.booleans(),
    "list": st.sampled_from(['["model"]', "[]", "[1]", "{", '[{"id": "a", "kind": "b"}]']),
}


@st.composite
def flat_records(draw: st.DrawFn) -> dict[str, Any]:
    """A record of some type: mostly its own fields, most of them present, each value at or beyond its bounds."""
    kind = draw(st.sampled_from([*EVENT_CLASS, "nothing"]))
    own = [name for name, field in FIELDS.items() if kind in field.types]
    record: dict[str, Any] = {"type": kind, "event_id": "e1", "time": 5}
    for name in own:
        if draw(st.integers(0, 9)) and name not in record:
            words = st.sampled_from(FIELDS[name].words) if FIELDS[name].words else st.nothing()
            record[name] = draw(words | VALUES[FIELDS[name].kind])
    if not draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(FIELDS)))
        record[name] = draw(VALUES[FIELDS[name].kind])
    return record


@settings(max_examples=200)
@given(st.lists(flat_records(), min_size=1, max_size=6))
def test_columns_accept_what_the_door_accepts(records: list[dict[str, Any]]) -> None:
    """The vectorised check and the door one record at a time: the same rows, the same values, the same refusals."""
    names = [name for name in FIELDS if any(name in record for record in records)]
    rows = pl.DataFrame(
        {"line": range(1, len(records) + 1), "type": [record["type"] for record in records]}
        | {name: pl.Series([record.get(name) for record in records], dtype=FIELD_DTYPE[name]) for name in names},
        schema_overrides={"line": pl.Int64},
    )
    settled = settle(rows)
    refused = {refusal.line: str(refusal.error) for refusal in settled.refusals}
    accepted = {row["line"]: row for row in settled.frame.rows(named=True)}
    for line, record in enumerate(records, start=1):
        spoken = {name: _spoken(name, value) for name, value in record.items()}
        try:
            event = convert_event(spoken)
        except InputError as error:
            assert refused[line] == str(error)
            continue
        row = accepted[line]
        for name in record.keys() | DEFAULTS[event.type].keys():
            held = getattr(event, name)
            if name in FIELDS and FIELDS[name].kind != "list":
                assert row[name] == held


def _spoken(name: str, value: Any) -> Any:
    if name in FIELDS and FIELDS[name].kind == "list":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def test_parquet_windows_give_all_rows_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "WINDOW_ROWS", 100)
    records = [PAYMENT | {"event_id": f"e{n}"} for n in range(432)]
    for groups in (7, 90, 5_000):
        read = read_all(tmp_path, as_parquet(tmp_path, records, groups), rows=64)
        assert read.frame["event_id"].to_list() == [f"e{n}" for n in range(432)]
        assert read.frame["line"].to_list() == list(range(1, 433))
        assert max(chunk.frame.height for chunk in read.chunks) <= 64


def test_progress_runs_over_all_files_to_the_end(tmp_path: Path) -> None:
    records = [PAYMENT | {"event_id": f"e{n}"} for n in range(500)]
    paths = [
        written(tmp_path / "a.ndjson", ndjson(*records)),
        written(tmp_path / "b.ndjson.gz", ndjson(*records)),
        as_parquet(tmp_path, records),
    ]
    read = read_all(tmp_path, *paths)
    done = [chunk.bytes_done for chunk in read.chunks]
    assert done == sorted(done)
    assert done[-1] == sum(path.stat().st_size for path in paths) == read.chunks[0].bytes_total
    assert read.frame["file"].unique(maintain_order=True).to_list() == [0, 1, 2]


@given(
    st.from_regex(
        r"(19|20|00|99)[0-9]{2}-[0-3][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?", fullmatch=True
    ),
    st.sampled_from(["Z", "z", "+08:00", "-00:00", "+23:59", "+24:00", "-14:60", "+0800", "", " Z"]),
)
def test_a_time_that_columns_read_is_the_time_that_the_door_reads(text: str, zone: str) -> None:
    read = pl.select(rfc3339(pl.lit(text + zone))).item()
    try:
        event = convert_event({"type": "tick", "event_id": "k1", "time": text + zone})
    except InputError:
        assert read is None or not 0 <= read <= MOMENT_MAX
    else:
        assert read in (event.time, None)


def test_times_as_text_are_the_same_moment(tmp_path: Path) -> None:
    records = [
        PAYMENT | {"time": show_moment(PAYMENT["time"])},
        PAYMENT | {"event_id": "p2", "time": "2026-01-05T16:30:00+08:00"},
    ]
    lines = read_all(tmp_path, written(tmp_path / "a.ndjson", ndjson(*records)))
    columns = read_all(tmp_path, as_parquet(tmp_path, records))
    assert_frame_equal(lines.frame, columns.frame)
    assert set(lines.frame["time"]) == {PAYMENT["time"]}


def test_blank_lines_at_the_start_hide_nothing(tmp_path: Path) -> None:
    path = tmp_path / "late.ndjson"
    path.write_bytes(b"\n" * 200_000 + b'{"type": "tick", "event_id": "t1", "time": 1767225600000}\n')
    assert sum(chunk.frame.height for chunk in read_chunks([path])) == 1
