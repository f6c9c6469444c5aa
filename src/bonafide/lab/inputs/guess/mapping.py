"""Which column of a foreign file is which field: guessed from names and values, with how sure each guess is and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import FIELDS
from bonafide.core.moment import show_span
from bonafide.core.money import minor_digits
from bonafide.core.text import is_tidy, shorten, show_value
from bonafide.lab.inputs.guess.names import EXACT, TRUTH, likeness
from bonafide.lab.inputs.guess.sample import Sample
from bonafide.lab.inputs.guess.score import assign, event_of
from bonafide.lab.inputs.guess.values import AMBIGUOUS, TRUTH_WORDS, Column, goes_back, step_of

Sure = Literal["sure", "likely", "assumed"]

_PREFIX: Final = {
    "user_id": "u", "merchant_id": "m", "from_account_id": "a", "to_account_id": "a", "account_id": "a",
}  # fmt: skip
"""What is put before ids that are bare digits, so that those of users and merchants stay apart."""
_MINOR_WORDS: Final = ("cent", "minor", "fen", "分")
_INSTEAD: Final = {
    "merchant_id": "{column: NAME}, or {value: m1} where all rows are of one merchant",
    "user_id": "{column: NAME}, or {value: u1} where all rows are of one user",
    "time": '{column: NAME, format: "%Y-%m-%d %H:%M:%S", zone: UTC}, or {column: NAME, unit: s} for seconds since 1970',
    "amount": "{column: NAME, decimals: 2}",
}  # fmt: skip


class Guessed(NamedTuple):
    """Where one field comes from."""

    field: str
    source: dict[str, Any]
    """As the mapping file writes it."""
    sure: Sure
    why: str


class Gap(NamedTuple):
    """A field that the event cannot do without, and no column for it."""

    field: str
    told: str
    """Why there is none."""
    instead: str
    """What to write."""


class Guess(NamedTuple):
    """A whole mapping, guessed."""

    sample: Sample
    event: str
    fields: tuple[Guessed, ...]
    truth: Guessed | None
    gaps: tuple[Gap, ...]
    unused: dict[str, str]
    """Columns that are no field, and why where that says something."""
    joins: dict[str, tuple[str, str]]
    by_time: bool
    """Whether the rows must be put in order of time first."""


class Wishes(NamedTuple):
    """What only the person knows."""

    event: str | None = None
    currency: str | None = None
    zone: str | None = None


CURRENCY: Final = "CNY"
ZONE: Final = "UTC"
"""What is taken where nobody says otherwise."""


def guess_mapping(sample: Sample, wishes: Wishes) -> Guess:
    """Guesses a mapping for a sample; what cannot be guessed is among the gaps."""
    columns, unused = _columns(sample)
    joins = dict(sample.joins)
    _join_times(columns, joins)
    event = wishes.event or event_of(columns)
    found = assign(event, columns)
    fields = _complete(event, found, wishes)
    given = {guessed.field for guessed in fields}
    gaps = [
        _gap(name, columns, found, sample)
        for name in EVENT_CLASS[event].__struct_fields__
        if event in FIELDS[name].required and name not in given
    ]
    times = found.get("time")
    reading = times.time if times is not None else None
    by_time = times is not None and reading is not None and goes_back(times.times_ms(reading))
    used = {name for column in found.values() for name in (column.name, *joins.get(column.name, ()))}
    unused |= {c.name: "" for c in columns if c.name not in used and c.name not in joins}
    kept = {name: pieces for name, pieces in joins.items() if name in used or name in sample.joins}
    order = {name: place for place, name in enumerate(EVENT_CLASS[event].__struct_fields__)}
    return Guess(
        sample, event, tuple(sorted(fields, key=lambda g: order[g.field])), _truth(found, reading and reading.options),
        tuple(gaps), unused, kept, by_time,
    )  # fmt: skip


def _columns(sample: Sample) -> tuple[list[Column], dict[str, str]]:
    """The columns that a mapping can name, and why the others cannot be used."""
    number = Counter(sample.names)
    columns, unused = [], dict[str, str]()
    for place, name in enumerate(sample.names):
        if not name:
            unused[f"(column {place + 1})"] = "it has no name"
        elif number[name] > 1:
            unused[name] = "the name stands twice; give each column its own"
        elif not is_tidy(name):
            unused[shorten(name)] = "the name holds control characters"
        else:
            columns.append(Column(place, name, sample.frame[str(place)]))
    return columns, unused


def _join_times(columns: list[Column], joins: dict[str, tuple[str, str]]) -> None:
    """Adds a column made of a date and a time of day, where they stand apart and no column holds both."""
    if any(c.time is not None and c.time.sure == EXACT and "%H" in c.time.options.get("format", "%H") for c in columns):
        return
    days = [
        c for c in columns if c.dtype == pl.String and c.time is not None and "%d" in c.time.options.get("format", "")
    ]
    hours = [c for c in columns if c.dtype == pl.String and _is_hour(c)]
    if not days or not hours:
        return
    name = "date_time"
    while any(c.name.casefold() == name for c in columns):
        name = f"{name}_joined"
    glued = pl.select(pl.concat_str(days[0].raw, hours[0].raw, separator=" ")).to_series()
    column = Column(-1, name, glued)
    if column.time is not None:
        columns.insert(0, column)  # before the date alone, which suits as well
        joins[name] = (days[0].name, hours[0].name)


def _is_hour(column: Column) -> bool:
    return len(column.text) > 0 and bool(
        column.text.str.contains(r"^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$").all()
    )


def _complete(event: str, found: dict[str, Column], wishes: Wishes) -> list[Guessed]:
    """Every field that a column gives, and those that can be made without one."""
    given = {name: column for name, column in found.items() if name != TRUTH}
    currency = wishes.currency or CURRENCY
    fields = [_guessed(name, column, currency, wishes.zone) for name, column in given.items()]
    required = {name for name in EVENT_CLASS[event].__struct_fields__ if event in FIELDS[name].required}
    if "event_id" not in given:
        fields.append(
            Guessed(
                "event_id", {"row": True, "prefix": "t"}, "assumed", "no id of its own in every row; rows are numbered"
            )
        )
    if "order_id" in required - given.keys():
        if "event_id" in given:
            source = {"column": given["event_id"].name}
            fields.append(
                Guessed("order_id", source, "assumed", "no column is called so; every row is an order of its own")
            )
        else:
            told = "no column is called so; every row is an order of its own"
            fields.append(Guessed("order_id", {"row": True, "prefix": "o"}, "assumed", told))
    if "currency" in required - given.keys():
        told = "as --currency says" if wishes.currency else "the file names none; --currency says otherwise"
        fields.append(Guessed("currency", {"value": currency}, "sure" if wishes.currency else "assumed", told))
    return fields


def _guessed(field: str, column: Column, currency: str, zone: str | None) -> Guessed:
    """How a field comes from a column, and how sure that is."""
    name = likeness(field, column.name)
    why = [{EXACT: "the name says so", 0.0: "no name says so"}.get(name, "the name hints at it")]
    sure: Sure = "sure" if name == EXACT else "likely"
    source: dict[str, Any] = {"column": column.name}
    kind = FIELDS[field].kind
    if field == "time" and column.time is not None:
        source |= {key: value or zone or ZONE for key, value in column.time.options.items()}
        why.append(column.time.why)
        if "" in column.time.options.values():
            why.append("zone as --zone says" if zone else f"the zone {ZONE} is assumed; --zone says otherwise")
        sure = (
            "assumed"
            if column.time.counter
            else "sure"
            if name == EXACT and column.time.sure != AMBIGUOUS
            else "likely"
        )
    elif kind == "money":
        source["decimals"], told, known = _decimals(column, currency)
        why.append(told)
        sure = sure if known else "likely"
    elif field == "event_id":
        why.append("every row has its own")
    elif field == "currency":
        why.append("ISO 4217 codes in every row")
        sure = "sure"
    elif field in _PREFIX and column.is_whole:
        source["prefix"] = _PREFIX[field]
        why.append(f"bare digits, so {_PREFIX[field]} is put before them")
    else:
        why.append(f"{column.distinct:,} different in {len(column.text):,} rows")
    return Guessed(field, source, sure, "; ".join(why))


def _decimals(column: Column, currency: str) -> tuple[int, str, bool]:
    """The decimals of an amount's column, why, and whether that is beyond doubt."""
    digits = minor_digits(currency)
    if column.decimals > digits:
        return (
            digits,
            f"up to {column.decimals} decimals, and {currency} has {digits}: rows with more are refused",
            False,
        )
    if not column.is_whole:
        return digits, "numbers with decimals: major units", True
    if any(word in column.name.casefold() for word in _MINOR_WORDS):
        return 0, "whole numbers, and the name says minor units", True
    if digits == 0:
        return 0, f"whole numbers; {currency} has no decimals", True
    return digits, "whole numbers, taken as major units; write decimals: 0 if they are minor ones", False


def _truth(found: dict[str, Column], options: dict[str, str] | None) -> Guessed | None:
    column = found.get(TRUTH)
    if column is None:
        return None
    words = sorted(set(column.text))
    meant = {word: TRUTH_WORDS.get(word.lower()) for word in words}
    is_counter = options is not None and "origin" in options
    delay = show_span(step_of(options.get("unit") if options is not None and is_counter else None))
    others = [word for word, label in meant.items() if label is None]
    told = f"; {', '.join(map(show_value, others))} is taken as no label" if others else ""
    source = {
        "column": column.name,
        "cash_out": [w for w in words if meant[w] == "cash_out"] or ["1"],
        "genuine": [w for w in words if meant[w] == "genuine"] or ["0"],
        "delay": delay,
    }
    return Guessed(TRUTH, source, "likely", f"the name says so; that labels are known after {delay} is assumed{told}")


def _gap(field: str, columns: Sequence[Column], found: dict[str, Column], sample: Sample) -> Gap:
    """Why a field has no column: what is called so does not fit, or nothing is called so."""
    taken = {column.name for column in found.values()}
    called = next((c for c in columns if likeness(field, c.name) == EXACT and c.name not in taken), None)
    told = "no column looks like it"
    if called is not None:
        value = show_value(called.text[0]) if len(called.text) else "nothing"
        wanted = {"money": "plain numbers", "moment": "times of a known form"}.get(
            FIELDS[field].kind, "values that fit"
        )
        told = f"the column {show_value(called.name)} is called so but holds {value}, and {wanted} are needed"
    twice = next((n for n in sample.names if sample.names.count(n) > 1 and likeness(field, n) == EXACT), None)
    if twice is not None:
        told = f"two columns are called {show_value(twice)}: give each its own name in the file"
    words = FIELDS[field].words
    constant = f"{{value: {words[0]}}}" if words else "{value: ...}"
    return Gap(field, told, _INSTEAD.get(field, f"{{column: NAME}}, or {constant} where all rows are alike"))
