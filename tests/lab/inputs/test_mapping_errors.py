"""Mapping files that are wrong: file, line, key, what is wrong, what was expected; golden/mapping_errors.txt.

After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/lab/inputs/test_mapping_errors.py`, then read the
difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bonafide.core.errors import BonafideError, UsageError
from bonafide.lab.inputs import load_mapping, read_chunks
from tests.lab.inputs.samples import HEADER, MAPPING, ROW, mapping_of, told, written

GOLDEN = Path(__file__).parent / "golden" / "mapping_errors.txt"
CARDS = "user,limit,twice\n7,100,x\n8,200,x\n"


def changed(*pairs: str, add: str = "") -> str:
    """The good mapping with texts replaced, and a text added at its end."""
    text = MAPPING
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    return text + add


TIMED = '{column: time, format: "%Y-%m-%d %H:%M:%S", zone: UTC}'
TYPED = "event: {column: kind, values: {P: payment, R: refunds}}"


def looked_up(on: str = "user_id: user", take: str = "credit_limit: limit", file: str = "cards.csv") -> str:
    return changed(add=f"lookup: [{{file: {file}, on: {{{on}}}, take: {{{take}}}}}]\n")


MAPPINGS: list[tuple[str, str]] = [
    ("nothing in it", ""),
    ("not YAML", "event: [payment\nfields: {"),
    ("a list", "- event: payment"),
    ("an alias", "event: &kind payment\nfields: *kind"),
    ("a key twice", changed(add="event: refund\n")),
    ("a key that is a list", changed(add="[a, b]: c\n")),
    ("nested without end", "event: " + "[" * 50 + "]" * 50),
    ("nested deeper than a program can go", "event: " + "[" * 5000),
    ("an unknown key", changed("truth:", "thruth:")),
    ("an unknown key of no known name", changed(add="colour: red\n")),
    ("an unknown key in a field", changed("decimals: 2", "decimal: 2")),
    ("no fields", "event: payment\n"),
    ("fields without a value", "event: payment\nfields:\n"),
    ("fields as a list", "event: payment\nfields: [event_id]\n"),
    ("a field as text", changed("{column: user, prefix: u}", "user")),
    ("an unknown event", changed("event: payment", "event: payments")),
    ("a control record as event", changed("event: payment", "event: tick")),
    ("an unknown event among values", changed("event: payment", TYPED)),
    ("an event column without values", changed("event: payment", "event: {column: kind}")),
    ("an unknown field", changed("amount:      {", "amout: {")),
    ("a field of another event", changed(add="").replace("truth:", "  views: {column: views}\ntruth:")),
    ("the type among the fields", changed("  event_id:", "  type: {value: payment}\n  event_id:")),
    ("a required field missing", changed("  currency:    {value: CNY}\n", "")),
    ("no source", changed("{value: CNY}", "{}")),
    ("two sources", changed("{value: CNY}", "{value: CNY, column: currency}")),
    ("an option of another kind", changed("{column: user, prefix: u}", "{column: user, decimals: 2}")),
    ("an option of a constant", changed("{column: id, prefix: o}", "{value: a, prefix: o}")),
    ("decimals that are no number", changed("decimals: 2", "decimals: two")),
    ("too many decimals", changed("decimals: 2", "decimals: 7")),
    ("a row's number as amount", changed("{column: amount, decimals: 2}", "{row: true}")),
    ("a constant that is no currency", changed("value: CNY", "value: RMB")),
    ("a constant that is nearly a word", changed("truth:", "  goods: {value: virtuall}\ntruth:")),
    ("a constant that is no number", changed("truth:", "  instalments: {value: three}\ntruth:")),
    ("a constant out of range", changed("truth:", "  instalments: {value: 0}\ntruth:")),
    ("a constant time without a zone", changed(TIMED, "{value: 2026-01-05T08:30:00}")),
    ("a format without a zone", changed(", zone: UTC", "")),
    ("a format with two zones", changed("%S", "%S%z")),
    ("a format with an unknown directive", changed("%S", "%Q")),
    ("a format without a day", changed("%Y-%m-%d", "%Y-%m")),
    ("a format with loose microseconds", changed("%S", "%S %f")),
    ("an unknown zone", changed("zone: UTC", "zone: Peking")),
    ("a unit with a format", changed("zone: UTC", "unit: s")),
    ("an unknown unit", changed('format: "%Y-%m-%d %H:%M:%S", zone: UTC', "unit: seconds")),
    ("an origin without a unit", changed('format: "%Y-%m-%d %H:%M:%S", zone: UTC', "origin: 2018-04-01T00:00:00Z")),
    ("an origin without a zone", changed('format: "%Y-%m-%d %H:%M:%S", zone: UTC', "unit: s, origin: 2018-04-01")),
    ("a delimiter of two characters", changed(add='delimiter: "::"\n')),
    ("a quote as delimiter", changed(add="delimiter: '\"'\n")),
    ("a join of one piece", changed(add="join: {time: [date]}\n")),
    ("a join of a piece twice", changed(add="join: {time: [date, date]}\n")),
    ("a truth without a delay's unit", changed("delay: 7d", "delay: 7")),
    ("a truth without cash_out", changed('cash_out: ["1"], ', "")),
    ("a truth that says both", changed('genuine: ["0"]', 'genuine: ["1"]')),
    ("a lookup that is no list", changed(add="lookup: cards.csv\n")),
    ("a lookup without keys", changed(add="lookup: [{file: cards.csv, take: {credit_limit: limit}}]\n")),
    ("a lookup by a field that is not mapped", looked_up(on="device_id: user")),
    ("a lookup of a field that has a source", looked_up(take="amount: limit")),
    ("a lookup of a constant", looked_up(take="credit_limit: {value: 5}")),
    ("a lookup file that is not there", looked_up(file="card.csv")),
    ("a lookup column that is not there", looked_up(on="user_id: usr")),
    ("a lookup key twice", looked_up(on="user_id: twice")),
    ("a lookup file with a bad row", looked_up(file="bad.csv")),
    ("a lookup file that is JSON", looked_up(file="cards.json")),
    ("a join whose names are not there", changed("column: time", "column: when", add="join: {when: [day, hour]}\n")),
    ("a join that hides a column", changed("column: time", "column: shop", add="join: {shop: [id, user]}\n")),
    ("a truth column that is not there", changed("column: fraud", "column: Fraud")),
]  # fmt: skip


def test_every_wrong_mapping_is_answered_as_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("cards.csv"), CARDS)
    written(Path("bad.csv"), CARDS + "9\n")
    written(Path("cards.json"), '{"user": 7}\n')
    data = written(Path("data.csv"), f"{HEADER}\n{ROW}\n")
    answers = []
    for name, text in MAPPINGS:
        with pytest.raises(BonafideError) as caught:
            read_chunks([data], mapping_of(Path(), text))
        answers.append(f"## {name}\n{told(caught.value)}")
    assert len({name for name, _ in MAPPINGS}) == len(MAPPINGS)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text("\n".join(answers), encoding="utf-8")
    assert "\n".join(answers) == GOLDEN.read_text(encoding="utf-8")


def test_the_mapping_that_the_cases_change_is_good(tmp_path: Path) -> None:
    assert mapping_of(tmp_path).types == ("payment",)


def test_a_mapping_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_mapping(tmp_path / "none.yaml")
    path = tmp_path / "gbk.yaml"
    path.write_bytes("event: 支付".encode("gbk"))
    with pytest.raises(BonafideError, match="is not UTF-8; save the file as UTF-8"):
        load_mapping(path)
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(BonafideError, match="is longer than 1,048,576 bytes"):
        load_mapping(path)
