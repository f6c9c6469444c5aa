"""What a mapping makes of a table: amounts, times, joins, lookups, types and truth."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.core.fields import FIELDS
from bonafide.core.moment import moment_of_date, parse_moment
from bonafide.lab.inputs import read_chunks
from bonafide.lab.inputs.cast import fault_of_format, read_as
from bonafide.lab.inputs.mapping import Source
from tests.lab.inputs.samples import HEADER, MAPPING, PAYMENT, ROW, TIME_MS, mapping_of, ndjson, read_all, written

ORIGIN = datetime(2018, 4, 1, tzinfo=UTC)
ORIGIN_MS = parse_moment("2018-04-01T00:00:00Z")


def cast(
    field: str, values: list[Any], dtype: pl.DataType | type[pl.DataType] | None = None, **source: Any
) -> list[Any]:
    """A column of values read as a field."""
    series = pl.Series("c", values, dtype)
    reading = read_as(FIELDS[field], Source(column="c", **source), "c", series.dtype)
    return pl.DataFrame([series]).select(reading).to_series().to_list()


def test_amounts_of_text_are_exact() -> None:
    texts = ["57.16", "57.1", "57", "57.", "57.1600", ".5", "-.5", "+3", " 5 ", "0.07", "999999999999"]
    assert cast("amount", texts, decimals=2) == [5716, 5710, 5700, 5700, 5716, 50, -50, 300, 500, 7, 99_999_999_999_900]
    assert cast("amount", texts[:3], decimals=0) == [None, None, 57]


def test_text_that_is_no_amount_does_not_fit() -> None:
    texts = ["57.161", "1e3", "1,234", "$5", ".", "-", " ", "nan", "٣", "5-", "0x10", "1 000", "9" * 40]
    assert cast("amount", texts, decimals=2) == [None] * len(texts)


@given(st.integers(-(10**12), 10**12), st.integers(0, 6), st.integers(0, 3))
def test_amounts_of_text_equal_decimal_arithmetic(minor: int, decimals: int, zeros: int) -> None:
    text = f"{Decimal(minor).scaleb(-decimals):f}"
    text += "0" * zeros if "." in text else ""
    assert cast("amount", [text], decimals=decimals) == [minor]


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_amounts_of_floats_are_the_decimals_that_people_see(minor: int, decimals: int) -> None:
    assert cast("amount", [minor / 10**decimals], decimals=decimals) == [minor]


def test_amounts_of_floats_forgive_noise_and_nothing_else() -> None:
    floats = [0.1 + 0.2, 85.64999999999999, 57.161, 57.165, float("nan"), float("inf"), 1e300, None]
    assert cast("amount", floats, decimals=2) == [30, 8565, None, None, None, None, None, None]
    assert cast("amount", [57.16, 0.1, 57.161], pl.Float32, decimals=2) == [5716, 10, None]


def test_amounts_of_whole_numbers_and_decimals_are_scaled() -> None:
    assert cast("amount", [57, -57, 10**18, None], decimals=2) == [5700, -5700, None, None]
    assert cast("amount", [57, 2**64 - 1], pl.UInt64, decimals=2) == [5700, None]
    assert cast("amount", [Decimal("57.16"), Decimal("57.10"), Decimal("0.001")], decimals=2) == [5716, 5710, None]


def test_counted_times_start_at_their_origin() -> None:
    assert cast("time", ["0", "1.5", "1.2345", "x", "-1", "9" * 15], unit="s", origin=ORIGIN) == [
        ORIGIN_MS, ORIGIN_MS + 1500, ORIGIN_MS + 1234, None, None, None,
    ]  # fmt: skip
    assert cast("time", [2, 10**18, None], unit="h", origin=ORIGIN) == [ORIGIN_MS + 7_200_000, None, None]
    assert cast("time", [0.5, float("nan")], unit="d", origin=ORIGIN) == [ORIGIN_MS + 43_200_000, None]
    assert cast("time", ["1767601800"], unit="s") == [TIME_MS]


def test_written_times_have_the_zone_of_the_mapping() -> None:
    pattern = {"format": "%d/%m/%Y %H:%M:%S.%f"}
    assert cast("time", ["05/01/2026 16:30:00.250", "2026-01-05"], **pattern, zone="Asia/Shanghai") == [
        TIME_MS + 250,
        None,
    ]
    assert cast("time", ["05/01/2026 16:30:00"], format="%d/%m/%Y %H:%M:%S", zone="+08:00") == [TIME_MS]
    assert cast("time", ["2026-01-05 08:30Z", "2026-01-05 16:30+0800"], format="%Y-%m-%d %H:%M%z") == [TIME_MS, TIME_MS]
    assert cast("time", [20260105], format="%Y%m%d", zone="UTC") == [parse_moment("2026-01-05T00:00:00Z")]


def test_a_local_time_that_came_twice_is_the_earlier_one_and_one_that_never_came_does_not_fit() -> None:
    texts = ["2020-10-25 02:30", "2020-03-29 02:30"]
    assert cast("time", texts, format="%Y-%m-%d %H:%M", zone="Europe/Berlin") == [
        parse_moment("2020-10-25T02:30:00+02:00"),
        None,
    ]


def test_times_without_a_format_are_rfc_3339_or_milliseconds() -> None:
    texts = ["2026-01-05T08:30:00Z", "2026-01-05T16:30:00.0009+08:00", str(TIME_MS), "2026-01-05T08:30:00", "5 Jan"]
    assert cast("time", texts) == [TIME_MS, TIME_MS, TIME_MS, None, None]
    assert cast("time", [TIME_MS]) == [TIME_MS]


def test_timestamps_of_parquet_need_a_zone() -> None:
    naive = [datetime(2026, 1, 5, 16, 30, tzinfo=UTC).replace(tzinfo=None)]
    for unit in ("ms", "us", "ns"):
        assert cast("time", naive, pl.Datetime(unit), zone="Asia/Shanghai") == [TIME_MS]
    assert cast("time", [datetime(2026, 1, 5, 8, 30, tzinfo=UTC)], zone="Asia/Shanghai") == [TIME_MS]
    assert cast("opened_on", [date(2026, 1, 5)], zone="UTC") == [parse_moment("2026-01-05T00:00:00Z")]


def test_a_date_is_midnight_utc_and_needs_no_zone() -> None:
    founded = moment_of_date(date(1602, 3, 20))
    texts = ["1602-03-20", " 1602-03-20 ", str(founded), "1602-03-20T00:00:00Z", "20 March 1602", "1602-02-30", "1602"]
    assert cast("opened_on", texts) == [*[founded] * 4, None, None, 1602]
    for dtype in (pl.Date(), pl.Datetime("us"), pl.Datetime("us", "UTC")):
        assert cast("opened_on", [date(1602, 3, 20)], dtype) == [founded]
    for pattern, text in (("%Y-%m-%d", "1602-03-20"), ("%d.%m.%Y", "20.03.1602"), ("%B %d, %Y", "March 20, 1602")):
        assert cast("opened_on", [text, "yesterday"], format=pattern) == [founded, None]
    assert cast("opened_on", [16020320], format="%Y%m%d") == [founded]
    assert cast("opened_on", ["2026-01-05"], format="%Y-%m-%d", zone="+08:00") == [parse_moment("2026-01-04T16:00:00Z")]
    assert cast("time", ["2026-01-05"]) == [None]


def test_a_format_of_a_date_says_a_whole_date() -> None:
    assert fault_of_format("%Y-%m-%d", None, is_date=True) is None
    told = fault_of_format("%Y-%m", None, is_date=True)
    assert told == "'%Y-%m' does not say a whole date; write one such as %Y-%m-%d"
    assert "have no zone" in str(fault_of_format("%Y-%m-%d", None))


SHOPS = """\
event: merchant_application
fields:
  event_id: {column: id}
  time: {column: time}
  merchant_id: {column: id}
  legal_name: {value: Shop}
  registration_no: {value: r1}
  representative_id: {value: p1}
  category: {value: tea}
  opened_on: {column: opened}
"""


@pytest.mark.parametrize("reading", ["{column: opened}", '{column: opened, format: "%Y-%m-%d"}'])
@pytest.mark.parametrize("form", ["csv", "parquet", "text.parquet"])
def test_dates_of_a_table_are_read_whatever_file_it_is(tmp_path: Path, form: str, reading: str) -> None:
    path, mapping = tmp_path / f"a.{form}", mapping_of(tmp_path, SHOPS.replace("{column: opened}", reading))
    days = ["2010-01-01", "1602-03-20", "1000-01-01", "0999-12-31", None]
    frame = pl.DataFrame({"id": list("abcde"), "time": ["2026-01-05T08:30:00Z"] * 5, "opened": days})
    if form == "csv":
        frame.write_csv(path)
    else:
        frame.with_columns(pl.col("opened").str.to_date() if form == "parquet" else "opened").write_parquet(path)
    read = read_all(tmp_path, path, mapping=mapping)
    opened = [moment_of_date(date.fromisoformat(day)) for day in days[:3] if day]
    assert read.frame["opened_on"].to_list() == [*opened, None]
    assert "give a date from 1000 to 9999" in read.rejects[0]["message"]


def test_a_date_may_be_a_constant(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, SHOPS.replace("{column: opened}", "{value: 1602-03-20}"))
    path = written(tmp_path / "a.csv", "id,time\na,2026-01-05T08:30:00Z\n")
    assert read_all(tmp_path, path, mapping=mapping).frame["opened_on"].to_list() == [moment_of_date(date(1602, 3, 20))]


@pytest.mark.parametrize(
    ("reading", "accepted"),
    [
        ("{column: opened}", "an ISO date, such as 2019-06-30, RFC 3339 with a zone, or whole milliseconds since 1970"),
        ('{column: opened, format: "%d.%m.%Y"}', "a date of the form %d.%m.%Y"),
        ("{column: opened, unit: d}", "a number of units (d) that leads to a date from 1000 to 9999"),
    ],
)
def test_a_date_that_does_not_fit_is_told_what_is_accepted(tmp_path: Path, reading: str, accepted: str) -> None:
    mapping = mapping_of(tmp_path, SHOPS.replace("{column: opened}", reading))
    path = written(tmp_path / "a.csv", "id,time,opened\na,2026-01-05T08:30:00Z,long ago\n")
    assert f"give {accepted}" in read_all(tmp_path, path, mapping=mapping).rejects[0]["message"]


def test_other_kinds_of_columns_become_text_flags_and_fractions() -> None:
    assert cast("user_id", [5, None], prefix="u") == ["u5", None]
    assert cast("user_id", [5.0, 5.5, 1e300], prefix="u") == ["u5", None, None]
    assert cast("goods", ["virtual"], pl.Categorical) == ["virtual"]
    assert cast("success", ["TRUE", "0", "yes"]) == [True, False, None]
    assert cast("success", [True, False]) == [True, False]
    assert cast("confidence", ["0.5", "x"]) == [0.5, None]
    assert cast("instalments", ["12", "12.0", "12.5"]) == [12, 12, None]


def test_rows_become_events_with_their_truth(tmp_path: Path) -> None:
    rows = [ROW, "2,2026-01-05 08:30:01,8,9,5,1", "3,2026-01-05 08:30:02,8,9,5,?", "4,2026-01-05 08:30:03,8,9,,1"]
    path = written(tmp_path / "a.csv", "\n".join([HEADER, *rows]))
    read = read_all(tmp_path, path, mapping=mapping_of(tmp_path))
    assert read.frame.rows(named=True)[0] == {
        "file": 0, "line": 2, "type": "payment", "event_id": "1", "time": TIME_MS, "user_id": "u7", "merchant_id": "m9",
        "order_id": "o1", "amount": 1299, "currency": "CNY", "pay_with": "credit",
    }  # fmt: skip
    assert [(reject["line"], reject["event_id"], reject["reason"]) for reject in read.rejects] == [
        (5, "4", "missing-field")
    ]
    assert read.truth.rows(named=True) == [
        {
            "event_id": "1",
            "label": 0,
            "known_at": TIME_MS + 7 * 86_400_000,
            "user_id": "u7",
            "merchant_id": "m9",
            "line": 2,
        },
        {
            "event_id": "2",
            "label": 1,
            "known_at": TIME_MS + 7 * 86_400_000 + 1000,
            "user_id": "u8",
            "merchant_id": "m9",
            "line": 3,
        },
    ]


@pytest.mark.parametrize("delay", [", delay: 0d", ", delay: 0s", ""])
def test_a_label_without_a_delay_is_known_with_its_event(tmp_path: Path, delay: str) -> None:
    path = written(tmp_path / "a.csv", f"{HEADER}\n{ROW}")
    read = read_all(tmp_path, path, mapping=mapping_of(tmp_path, MAPPING.replace(", delay: 7d", delay)))
    assert read.truth["known_at"].to_list() == [TIME_MS]


@pytest.mark.parametrize(
    ("header", "join", "column"),
    [
        ("id Timestamp amount", "{Timestamp: [date, time]}", "Timestamp"),
        ("id Timestamp amount", "{timestamp: [date, time]}", "timestamp"),
        ("id date time amount", "{Timestamp: [date, time]}", "Timestamp"),
    ],
)
def test_a_join_glues_what_the_delimiter_split(tmp_path: Path, header: str, join: str, column: str) -> None:
    mapping = mapping_of(
        tmp_path,
        f"""
event: transfer
delimiter: " "
join: {join}
fields:
  event_id: {{column: id}}
  time: {{column: {column}, format: "%Y-%m-%d %H:%M:%S", zone: UTC}}
  from_account_id: {{value: a}}
  to_account_id: {{value: b}}
  amount: {{column: amount}}
  currency: {{value: CNY}}
""",
    )
    path = written(tmp_path / "a.gz", f"{header}\n1 2026-01-05 08:30:00 7\n2 2026-01-05 7\n3 2026-01-05 nine 7\n")
    read = read_all(tmp_path, path, mapping=mapping)
    assert read.frame.select("event_id", "time", "amount").rows() == [("1", TIME_MS, 7)]
    assert [(reject["line"], reject["reason"], reject["value"]) for reject in read.rejects] == [
        (3, "malformed", "'2 2026-01-05 7'"),
        (4, "invalid-field", "'2026-01-05 nine'"),
    ]


@pytest.mark.parametrize("beside_mapping", [True, False])
@pytest.mark.parametrize("kind", ["cards.csv", "cards.csv.gz", "cards.parquet"])
def test_a_lookup_adds_columns_of_another_file(tmp_path: Path, beside_mapping: bool, kind: str) -> None:
    data, own = tmp_path / "data", tmp_path / "own"
    data.mkdir()
    own.mkdir()
    target = (own if beside_mapping else data) / kind
    if kind.endswith("parquet"):
        pl.DataFrame({"Card": [7, 8], "Quant": [780.5, None]}).write_parquet(target)
    else:
        written(target, "Card,Sort,Quant\n7,x,780.50\n8,x,\n")
    take = f"lookup: [{{file: {kind}, on: {{user_id: Card}}, take: {{credit_limit: {{column: Quant, decimals: 2}}}}}}]"
    rows = [f"{n},2026-01-05 08:30:00,{user},9,1,0" for n, user in enumerate("7897")]
    path = written(data / "a.csv", "\n".join([HEADER, *rows]))
    read = read_all(tmp_path, path, mapping=mapping_of(own, MAPPING + take))
    assert read.frame["credit_limit"].to_list() == [78_050, None, None, 78_050]
    assert read.frame["event_id"].to_list() == ["0", "1", "2", "3"]


def test_a_value_of_a_lookup_that_does_not_fit_refuses_the_rows_that_use_it(tmp_path: Path) -> None:
    written(tmp_path / "cards.csv", "Card,Quant\n7,many\n8,5\n")
    take = "lookup: [{file: cards.csv, on: {user_id: Card}, take: {credit_limit: Quant}}]"
    path = written(tmp_path / "a.csv", f"{HEADER}\n{ROW}\n{ROW.replace('7', '8')}\n")
    read = read_all(tmp_path, path, mapping=mapping_of(tmp_path, MAPPING + take))
    assert read.frame["credit_limit"].to_list() == [5]
    assert [(reject["field"], reject["value"]) for reject in read.rejects] == [("credit_limit", "'many'")]


TYPED = """\
event: {column: kind, values: {P: payment, R: refund, 3: refund}}
fields:
  event_id: {row: true, prefix: r}
  time: {column: time}
  user_id: {column: user}
  merchant_id: {column: shop}
  order_id: {column: order}
  amount: {column: amount}
  currency: {value: CNY}
  goods: {value: virtual}
  instalments: {column: parts}
  to: {column: to}
"""


def test_a_column_says_the_type_and_fields_go_to_the_types_that_have_them(tmp_path: Path) -> None:
    rows = [
        "P,1,u,m,o,5,3,",
        "R,2,u,m,o,5,none,bank",
        "3,3,u,m,o,5,,",
        "X,4,u,m,o,5,,",
        ",5,u,m,o,5,,",
        "P,6,u,m,o,5,x,",
    ]
    path = written(tmp_path / "a.csv", "kind,time,user,shop,order,amount,parts,to\n" + "\n".join(rows))
    read = read_all(tmp_path, path, mapping=mapping_of(tmp_path, TYPED))
    assert read.frame.select("type", "event_id", "goods", "instalments", "to").rows() == [
        ("payment", "r1", "virtual", 3, None),
        ("refund", "r2", None, None, "bank"),
        ("refund", "r3", None, None, None),
    ]
    assert [(reject["event_id"], reject["field"], reject["reason"]) for reject in read.rejects] == [
        ("r4", "type", "invalid-field"),
        ("r5", "type", "missing-field"),
        ("r6", "instalments", "invalid-field"),
    ]
    assert read.rejects[0]["message"] == "type: 'X' is not accepted; give one of P, R, 3"


def test_rows_are_numbered_through_all_files_and_refused_ones_count(tmp_path: Path) -> None:
    text = MAPPING.replace("{column: id}", "{row: true}")
    one = written(tmp_path / "a.csv", f"{HEADER}\n{ROW}\n\nbad\n{ROW}\n")
    two = tmp_path / "b.parquet"
    pl.read_csv(f"{HEADER}\n{ROW}\n{ROW}".encode(), infer_schema=False).write_parquet(two)
    read = read_all(tmp_path, one, two, mapping=mapping_of(tmp_path, text), rows=1)
    assert read.frame.select("file", "line", "event_id").rows() == [(0, 2, "1"), (0, 5, "3"), (1, 1, "4"), (1, 2, "5")]


def test_a_mapping_leaves_native_files_alone(tmp_path: Path) -> None:
    lines = written(tmp_path / "a.ndjson", ndjson(PAYMENT))
    native = tmp_path / "a.parquet"
    pl.DataFrame([PAYMENT]).write_parquet(native)
    foreign = written(tmp_path / "a.csv", f"{HEADER}\n{ROW}\n")
    read = read_all(tmp_path, lines, native, foreign, mapping=mapping_of(tmp_path))
    assert read.frame["event_id"].to_list() == ["p1", "p1", "1"]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pl.Series("amount", [[1]]), "column amount of .* cannot be read so: its type is List"),
        (pl.Series("time", [datetime(2026, 1, 5, tzinfo=UTC)]).dt.replace_time_zone(None), "its times have no zone"),
    ],
)
def test_a_parquet_column_that_cannot_be_the_field_is_a_wrong_mapping(
    tmp_path: Path, column: pl.Series, told: str
) -> None:
    frame = pl.read_csv(f"{HEADER}\n{ROW}".encode(), infer_schema=False).with_columns(column)
    frame.write_parquet(tmp_path / "a.parquet")
    text = MAPPING.replace('format: "%Y-%m-%d %H:%M:%S", zone: UTC', "")
    with pytest.raises(ConfigError, match=told):
        read_chunks([tmp_path / "a.parquet"], mapping_of(tmp_path, text))
