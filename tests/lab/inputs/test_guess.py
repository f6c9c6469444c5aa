"""Guessing a mapping: columns by names and values, times by the reader's own expressions, what is left to people."""

from __future__ import annotations

import gzip
import tarfile
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import BonafideError, InputError, UsageError
from bonafide.lab.inputs import load_mapping, read_chunks
from bonafide.lab.inputs.guess.file import mapping_text, preview
from bonafide.lab.inputs.guess.mapping import Guess, Wishes, guess_mapping
from bonafide.lab.inputs.guess.names import EXACT, PART, likeness
from bonafide.lab.inputs.guess.sample import NoHeaderError, take_sample
from bonafide.lab.inputs.mapping import Mapping

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"


def guessed(folder: Path, content: str | bytes, wishes: Wishes = Wishes(), name: str = "log.csv") -> Guess:  # noqa: B008
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return guess_mapping(take_sample(path), wishes)


def sources(guess: Guess) -> dict[str, dict[str, object]]:
    return {g.field: g.source for g in guess.fields}


def written(folder: Path, guess: Guess) -> tuple[Path, Mapping]:
    path = folder / "mapping.yaml"
    path.write_text(mapping_text(guess), encoding="utf-8")
    return path, load_mapping(path)


def rows_of(*lines: str) -> str:
    return "\n".join([*lines, ""])


def with_time(*values: str) -> str:
    """A whole log whose times are these."""
    rows = [f'p{n},"{value}",u{n},m1,1.50' for n, value in enumerate(values)]
    return rows_of("id,time,user,merchant,amount", *rows)


# Names


@pytest.mark.parametrize(
    ("field", "name", "near"),
    [
        ("user_id", "CUSTOMER_ID", EXACT),
        ("user_id", "cust_id", EXACT),
        ("user_id", "用户", EXACT),
        ("user_id", "付款用户编号", PART),
        ("merchant_id", "商户", EXACT),
        ("merchant_id", "terminal", EXACT),
        ("amount", "金额", EXACT),
        ("amount", "TxAmount", EXACT),
        ("amount", "transaction amount", EXACT),
        ("amount", "amount_cents", PART),
        ("time", "交易时间", EXACT),
        ("time", "txn time", EXACT),
        ("from_account_id", "sourceNodeId", EXACT),
        ("truth", "TX_FRAUD", EXACT),
        ("truth", "是否套现", EXACT),
        ("amount", "colour", 0.0),
        ("user_id", "", 0.0),
        ("event_id", "paid", 0.0),
        ("merchant_id", "midnight", 0.0),
    ],
)
def test_names_are_known_in_both_languages(field: str, name: str, near: float) -> None:
    assert likeness(field, name) == near


# Times


@pytest.mark.parametrize(
    ("value", "options", "moment"),
    [
        ("2026-01-05 08:30:00", {"format": "%Y-%m-%d %H:%M:%S", "zone": "UTC"}, "2026-01-05T08:30:00+00:00"),
        ("2026/1/5 8:30", {"format": "%Y/%m/%d %H:%M", "zone": "UTC"}, "2026-01-05T08:30:00+00:00"),
        ("2026-01-05T08:30:00Z", {}, "2026-01-05T08:30:00+00:00"),
        ("2026-01-05T16:30:00.250+08:00", {}, "2026-01-05T08:30:00.250+00:00"),
        ("2026-01-05 16:30:00+0800", {"format": "%Y-%m-%d %H:%M:%S%z"}, "2026-01-05T08:30:00+00:00"),
        ("20260105083000", {"format": "%Y%m%d%H%M%S", "zone": "UTC"}, "2026-01-05T08:30:00+00:00"),
        ("25/01/2026 08:30:00", {"format": "%d/%m/%Y %H:%M:%S", "zone": "UTC"}, "2026-01-25T08:30:00+00:00"),
        ("01/25/2026 08:30:00", {"format": "%m/%d/%Y %H:%M:%S", "zone": "UTC"}, "2026-01-25T08:30:00+00:00"),
        ("2026年01月05日 08:30:00", {"format": "%Y年%m月%d日 %H:%M:%S", "zone": "UTC"}, "2026-01-05T08:30:00+00:00"),
        ("1767601800", {"unit": "s"}, "2026-01-05T08:30:00+00:00"),
        ("1767601800.25", {"unit": "s"}, "2026-01-05T08:30:00.250+00:00"),
        ("1767601800250", {"unit": "ms"}, "2026-01-05T08:30:00.250+00:00"),
        ("1767601800250999", {"unit": "us"}, "2026-01-05T08:30:00.250+00:00"),
        ("2026-01-05", {"format": "%Y-%m-%d", "zone": "UTC"}, "2026-01-05T00:00:00+00:00"),
    ],
)
def test_a_time_is_recognised_and_read_as_what_it_is(
    tmp_path: Path, value: str, options: dict[str, str], moment: str
) -> None:
    guess = guessed(tmp_path, with_time(value, value))
    assert sources(guess)["time"] == {"column": "time", **options}
    seen = preview(guess, written(tmp_path, guess)[0])
    assert seen.refused == []
    assert seen.frame["time"][0] == round(datetime.fromisoformat(moment).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("count", "unit", "moment"),
    [
        (1_767_601_800_250_999, "us", 1_767_601_800_250),
        (1_767_601_800_250, "ms", 1_767_601_800_250),
        (1_767_601_800, "s", 1_767_601_800_000),
        (1_767_601_800.25, "s", 1_767_601_800_250),
    ],
)
def test_counts_of_a_parquet_file_are_read_as_what_they_are(
    tmp_path: Path, count: float, unit: str, moment: int
) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user": ["u"], "shop": ["m"], "timestamp": [count], "amount": [1.5]}).write_parquet(path)
    guess = guess_mapping(take_sample(path), Wishes())
    assert sources(guess)["time"] == {"column": "timestamp", "unit": unit}
    assert preview(guess, written(tmp_path, guess)[0]).frame["time"].to_list() == [moment]


def test_a_day_that_may_be_a_month_is_taken_as_a_day_and_said(tmp_path: Path) -> None:
    guess = guessed(tmp_path, with_time("05/01/2026 08:30:00", "06/01/2026 08:30:00"))
    assert sources(guess)["time"]["format"] == "%d/%m/%Y %H:%M:%S"
    assert "see whether the day stands first" in next(g.why for g in guess.fields if g.field == "time")


def test_a_date_and_a_time_of_day_that_stand_apart_are_joined(tmp_path: Path) -> None:
    content = rows_of(
        "流水号,用户,商户,交易日期,交易时间,金额", "A1,1,M1,2026/01/05,08:30:00,1.5", "A2,1,M1,2026/01/05,09:30:00,2.5"
    )
    guess = guessed(tmp_path, content, Wishes(zone="+08:00"))
    assert guess.joins == {"date_time": ("交易日期", "交易时间")}
    seen = preview(guess, written(tmp_path, guess)[0])
    assert (seen.read, seen.frame["time"].to_list()) == (2, [1_767_573_000_000, 1_767_576_600_000])


def test_rows_grouped_by_customer_are_put_in_order_of_time(tmp_path: Path) -> None:
    forth = guessed(tmp_path, with_time("2026-01-05 08:30:00", "2026-01-05 08:29:00", "2026-01-09 00:00:00"))
    back = guessed(tmp_path, with_time("2026-01-05 08:30:00", "2026-01-09 00:00:00", "2026-01-01 00:00:00"))
    assert (forth.by_time, back.by_time) == (False, True)
    assert written(tmp_path, back)[1].order == "time"


# Amounts, ids, truth


@pytest.mark.parametrize(
    ("column", "value", "currency", "decimals", "sure"),
    [
        ("amount", "12.50", None, 2, "sure"),
        ("amount", "12", None, 2, "likely"),
        ("amount_cents", "12", None, 0, "likely"),
        ("金额(分)", "12", None, 0, "likely"),
        ("amount", "1200", "JPY", 0, "sure"),
        ("amount", "1.234", "KWD", 3, "sure"),
        ("amount", "1.2345", "CNY", 2, "likely"),
    ],
)
def test_decimals_follow_from_the_values_the_name_and_the_currency(
    tmp_path: Path, column: str, value: str, currency: str | None, decimals: int, sure: str
) -> None:
    content = rows_of(f"id,time,user,merchant,{column}", f"1,2026-01-05T08:30:00Z,u1,m1,{value}")
    guess = guessed(tmp_path, content, Wishes(currency=currency))
    found = next(g for g in guess.fields if g.field == "amount")
    assert (found.source, found.sure) == ({"column": column, "decimals": decimals}, sure)


def test_an_amount_that_is_written_for_people_is_said_to_be_missing(tmp_path: Path) -> None:
    guess = guessed(tmp_path, rows_of("id,time,user,merchant,amount", "1,2026-01-05T08:30:00Z,u1,m1,¥12.50"))
    (gap,) = guess.gaps
    assert gap.field == "amount"
    assert "is called so but holds '¥12.50'" in gap.told


def test_bare_digits_of_users_and_merchants_are_kept_apart(tmp_path: Path) -> None:
    guess = guessed(tmp_path, rows_of("id,time,cust_id,terminal,amount", "1,2026-01-05T08:30:00Z,7,9,1.5"))
    prefixes = {name: source.get("prefix") for name, source in sources(guess).items()}
    assert (prefixes["user_id"], prefixes["merchant_id"], prefixes["event_id"]) == ("u", "m", None)


def test_ids_that_repeat_number_no_events(tmp_path: Path) -> None:
    content = rows_of("id,time,user,merchant,amount", *["1,2026-01-05T08:30:00Z,u1,m1,1.5"] * 2)
    assert sources(guessed(tmp_path, content))["event_id"] == {"row": True, "prefix": "t"}


@pytest.mark.parametrize(
    ("values", "cash_out", "genuine"),
    [
        (["0", "1"], ["1"], ["0"]),
        (["2", "1", "0"], ["1"], ["0"]),
        (["true", "false"], ["true"], ["false"]),
        (["是", "否"], ["是"], ["否"]),
        (["0", "0"], ["1"], ["0"]),
    ],
)
def test_truth_needs_a_name_and_values_that_say_yes_or_no(
    tmp_path: Path, values: list[str], cash_out: list[str], genuine: list[str]
) -> None:
    lines = [f"{n},2026-01-05T08:30:0{n}Z,u1,m1,1.5,{v}" for n, v in enumerate(values)]
    guess = guessed(tmp_path, rows_of("id,time,user,merchant,amount,is_fraud", *lines))
    assert guess.truth is not None
    assert guess.truth.source == {"column": "is_fraud", "cash_out": cash_out, "genuine": genuine, "delay": "7d"}
    unnamed = guessed(tmp_path, rows_of("id,time,user,merchant,amount,flag", *lines))
    assert (unnamed.truth, list(unnamed.unused)) == (None, ["flag"])


def test_two_sides_of_one_kind_are_a_transfer_and_two_kinds_a_payment(tmp_path: Path) -> None:
    head = "time,source,target,amount"
    first = rows_of(head, "2026-01-05T08:30:00Z,A1,A2,1.5", "2026-01-05T08:31:00Z,A2,A3,1.5")
    second = rows_of(head, "2026-01-05T08:30:00Z,S1,T1,1.5", "2026-01-05T08:31:00Z,S2,T1,1.5")
    assert guessed(tmp_path, first).event == "transfer"
    assert guessed(tmp_path, second).event == "payment"
    assert guessed(tmp_path, second, Wishes(event="transfer")).event == "transfer"


# Files as they come


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_any_delimiter_line_end_mark_and_packing_give_the_same_events(
    tmp_path: Path, delimiter: str, end: str, mark: bytes, packed: bool
) -> None:
    lines = [
        "id,time,user,merchant,amount",
        "a,2026-01-05T08:30:00Z,u1,m1,1.5",
        'b,2026-01-05T08:31:00Z,"u 2",m1,2',
        "",
    ]
    content = mark + end.join(line.replace(",", delimiter) for line in lines).encode()
    name = "log.csv.gz" if packed else "log.csv"
    guess = guessed(tmp_path, gzip.compress(content) if packed else content, name=name)
    path, mapping = written(tmp_path, guess)
    assert mapping.delimiter == delimiter
    seen = preview(guess, path)
    assert seen.frame.select("event_id", "user_id", "amount").rows() == [("a", "u1", 150), ("b", "u 2", 200)]


def test_strange_column_names_come_back_from_the_file(tmp_path: Path) -> None:
    names = ['a: "b"', "#no", "null", "~", "金额", "{x}", "- y", "'"]
    frame = pl.DataFrame({name: ["1.5", "2.5"] for name in names} | {"amount # of": ["1.5", "x"]})
    frame.write_csv(tmp_path / "log.csv")
    guess = guess_mapping(take_sample(tmp_path / "log.csv"), Wishes())
    assert sources(guess)["amount"]["column"] == "金额"
    text = mapping_text(guess).replace("金额", 'x"}, y: {')
    assert "金额" not in text
    path = tmp_path / "m.yaml"
    path.write_text(mapping_text(guess), encoding="utf-8")
    with pytest.raises(BonafideError, match="cannot do without time, user_id, merchant_id"):
        load_mapping(path)


def test_columns_that_cannot_be_named_are_left_out_with_the_reason(tmp_path: Path) -> None:
    guess = guessed(tmp_path, rows_of("id,user,user,,amount", "1,u1,u2,x,1.5"))
    assert guess.unused == {"user": "the name stands twice; give each column its own", "(column 4)": "it has no name"}
    told = {gap.field: gap.told for gap in guess.gaps}
    assert told["user_id"] == "two columns are called 'user': give each its own name in the file"


def test_a_file_of_many_columns_guesses_no_amount_among_equals(tmp_path: Path) -> None:
    head = ",".join(f"f{n}" for n in range(500))
    guess = guessed(tmp_path, rows_of(head, ",".join(["1.5"] * 500)))
    assert {gap.field for gap in guess.gaps} == {"time", "user_id", "merchant_id", "amount"}
    assert len(guess.unused) == 500


def test_a_very_long_cell_is_no_id(tmp_path: Path) -> None:
    guess = guessed(tmp_path, rows_of("id,user,amount", f"1,{'x' * 100_000},1.5"))
    assert "user_id" in {gap.field for gap in guess.gaps}


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (b"", InputError, "is empty"),
        (b"\n \n", InputError, "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), InputError, "is a PNG picture"),
        (bytes(range(256)) * 8, InputError, "is binary"),
        ("用户,金额\n张三,1.5\n".encode("gbk"), InputError, "is Chinese text in GBK (GB 18030), not UTF-8"),
        ("id,user\n1,M\xfcller\n".encode("latin-1"), InputError, "is not UTF-8 text"),
        ("id,user\n".encode("utf-16"), InputError, "is UTF-16 text"),
        (b'{"type":"payment"}\n', UsageError, "holds JSON, which needs no mapping"),
        (b"1,2.50,2026-01-05 08:30:00\n2,3,2026-01-05 08:31:00\n", NoHeaderError, "the first row holds values"),
        (b"u1,m1,12.50\nu2,m1,13.50\n", NoHeaderError, "put a line of names first, such as c1,c2,c3"),
    ],
)
def test_a_file_that_no_mapping_fits_is_refused_with_the_way_out(
    tmp_path: Path, content: bytes, kind: type[BonafideError], says: str
) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(kind) as caught:
        take_sample(path)
    assert says in str(caught.value)


def test_the_way_out_of_gbk_is_a_command_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress("用户,金额\n张三,1.5\n".encode("gbk")))
    with pytest.raises(InputError, match=r"zcat log\.csv\.gz \| iconv -f GB18030 -t UTF-8 > utf8-log\.csv"):
        take_sample(path)


def test_a_native_file_needs_no_mapping(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame({"event_id": ["a"], "type": ["tick"], "time": [0]}).write_parquet(path)
    with pytest.raises(UsageError, match="needs no mapping"):
        take_sample(path)


def test_foreign_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    moments = [datetime(2026, 1, 5, 8, 30), datetime(2026, 1, 5, 8, 31)]  # noqa: DTZ001
    columns = {"CUSTOMER": [7, 8], "SHOP": ["m", "n"], "WHEN": moments, "AMOUNT": [1.5, 2.25], "FRAUD": [True, False]}
    pl.DataFrame(columns | {"NESTED": [[1], [2]]}).write_parquet(path)
    guess = guess_mapping(take_sample(path), Wishes())
    assert sources(guess)["time"] == {"column": "WHEN", "zone": "UTC"}
    assert guess.truth is not None
    assert (guess.truth.source["cash_out"], list(guess.unused)) == (["true"], ["NESTED"])
    seen = preview(guess, written(tmp_path, guess)[0])
    assert seen.frame["amount"].to_list() == [150, 225]


@given(st.binary(max_size=400))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        guess = guessed(folder, content)
    except BonafideError:
        return
    path = folder / "mapping.yaml"
    path.write_text(mapping_text(guess), encoding="utf-8")
    seen = preview(guess, path)
    assert (seen.fault is None) == (not guess.gaps)


# The public data


def dataset(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the public dataset {name} is not here")
    return path


@pytest.mark.parametrize(
    ("name", "event", "columns"),
    [
        ("antico/transactions.gz", "payment", {"time": "Timestamp", "user_id": "Card", "merchant_id": "Merchant",
                                               "amount": "Transaction", "truth": "Label"}),
        ("s-ffsd/S-FFSD-first-80-percent.csv.gz", "payment",
         {"time": "Time", "user_id": "Source", "merchant_id": "Target", "amount": "Amount", "category": "Type",
          "truth": "Labels"}),
        ("handbook/transactions-2018-04-01-to-2018-08-21.parquet", "payment",
         {"event_id": "TRANSACTION_ID", "order_id": "TRANSACTION_ID", "time": "TX_DATETIME", "user_id": "CUSTOMER_ID",
          "merchant_id": "TERMINAL_ID", "amount": "TX_AMOUNT", "truth": "TX_FRAUD"}),
        ("amlsim/20K_cycle200.tgz", "transfer", {"time": "time", "from_account_id": "sourceNodeId",
                                                 "to_account_id": "targetNodeId", "amount": "value"}),
    ],
    ids=["antico", "s-ffsd", "handbook", "amlsim"],
)  # fmt: skip
def test_the_public_data_are_guessed_as_their_shipped_mappings_say(
    tmp_path: Path, name: str, event: str, columns: dict[str, str]
) -> None:
    path = dataset(name)
    if path.suffix == ".tgz":
        with tarfile.open(path) as archive:
            archive.extract(f"{path.stem}/transactions.csv", tmp_path, filter="data")
        path = tmp_path / path.stem / "transactions.csv"
    guess = guess_mapping(take_sample(path), Wishes())
    told = [*guess.fields, *([guess.truth] if guess.truth else [])]
    assert (guess.event, guess.gaps) == (event, ())
    assert {g.field: g.source["column"] for g in told if "column" in g.source} == columns
    mapping = written(tmp_path, guess)[1]
    chunk = next(iter(read_chunks([path], mapping, chunk_rows=1_000)))
    assert chunk.frame.height >= 900
