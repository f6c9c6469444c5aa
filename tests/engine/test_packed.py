"""Rows from packed events: what asking each struct for its fields gives, for every shape that a pack can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import DERIVED_CLASSES, EVENT_CLASSES, Degraded, Document, Event, Fact, Payment, Traffic
from bonafide.core.fields import ABSENT, FIELDS, FRACTION_UNIT, WORD_CODE, WORDS
from bonafide.core.moment import DATE_MIN
from bonafide.core.money import AMOUNT_MAX
from bonafide.engine.intake import document_tokens, list_text, rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.engine.packed import SLOTS, name_hash
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.testing.generators import events
from tests.engine.kit import SECRET, payment
from tests.engine.test_intake import application, indicator

KEY = np.frombuffer(SECRET, dtype="<u8")


def rows_twin(log: Sequence[Fact]) -> np.ndarray:
    """The plain way, field by field."""
    kernels = load_kernels()
    rows = np.full((len(log), ROW_WIDTH), ABSENT, dtype=np.int64)
    for i, event in enumerate(log):
        rows[i, TYPE] = EVENT_CLASSES.index(event.__class__)
        for name in event.__struct_fields__:
            field, value = FIELDS[name], getattr(event, name)
            if name == "documents" and value is not None:
                value = document_tokens(value, kernels, KEY)
            if field.kind == "list" and value is not None:
                value = list_text(value)
            if isinstance(value, str) and field.kind == "word":
                rows[i, field.place] = WORD_CODE[value]
            elif isinstance(value, str) and value:
                kernels.hash_texts(value.encode(), rows[i : i + 1], field.place, KEY)
            elif isinstance(value, float):
                rows[i, field.place] = round(value * FRACTION_UNIT)
            elif isinstance(value, int):
                rows[i, field.place] = value
    return rows


def check(log: Sequence[Fact]) -> None:
    np.testing.assert_array_equal(rows_of_events(log, load_kernels(), KEY), rows_twin(log))


@settings(max_examples=200)
@given(st.lists(events(awkward=True), max_size=40))
def test_packed_events_give_the_rows_of_their_fields(log: list[Event]) -> None:
    check(log)
    check(tuple(log))


def test_numbers_of_every_width_are_read() -> None:
    edges = [1, 127, 128, 255, 256, 2**15 - 1, 2**15, 2**16 - 1, 2**16, 2**31, 2**32 - 1, 2**32, AMOUNT_MAX]
    check([payment(i, 0, amount) for i, amount in enumerate(edges)])
    opened = [DATE_MIN, -(2**42), -(2**32), -(2**31), -(2**31) - 1, -(2**15), -129, -128, -33, -32, -1, 0, 31, 127, 128]
    check([application(event_id=f"a{i}", opened_on=day) for i, day in enumerate(opened)])
    check([Traffic(event_id="t", time=0, merchant_id="m", views=0, visits=2**40, from_time=0, to_time=2**47)])
    check([indicator(x) for x in (0.0, 1.0, 0.5, 5e-10, 1.5e-9, 2.5e-9, 1 / 3)])


@pytest.mark.parametrize("length", [1, 7, 8, 31, 32, 127, 128, 255, 256])
def test_texts_of_every_length_are_read(length: int) -> None:
    check([application(legal_name="店" * length, registration_no="x" * length), payment(1, 0, user_id="é" * length)])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 64])
def test_lists_are_read_and_what_follows_them_too(count: int) -> None:
    documents = tuple(Document(kind="k" * 40, id=f"é{i}") for i in range(count))
    parts = tuple(f"part{i:*<140}" for i in range(count))
    check([application(documents=documents), Degraded(event_id="d", time=5, parts=parts), payment(3, 0)])


def test_an_event_with_all_its_fields_is_read() -> None:
    """More than fifteen pairs: the pack begins otherwise."""
    whole: dict[str, Any] = {
        "credit_limit": 0, "credit_used": 5, "device_id": "d", "ip": "i", "address_id": "a", "pay_with": "card",
        "category": "c", "goods": "virtual", "channel": "live", "instalments": 360, "traffic_source": "t",
    }  # fmt: skip
    check([payment(1, 0, **whole), payment(2, 0)] * 9)
    assert rows_of_events([payment(1, 0)], load_kernels(), KEY)[0, FIELDS["pay_with"].place] == WORD_CODE["credit"]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_535, 65_536])
def test_lists_of_every_length_are_read(count: int) -> None:
    one = payment(1, 0)
    rows = rows_of_events([one] * count, load_kernels(), KEY)
    assert rows.shape == (count, ROW_WIDTH)
    assert (rows == rows_twin([one])).all()


def test_what_is_no_event_of_the_schema_is_refused() -> None:
    fields: dict[str, Any] = {"event_id": "e", "time": 0, "user_id": "u", "merchant_id": "m", "order_id": "o"}
    wrong = Payment(**fields, amount=1, currency="XXQ")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="is no event of the schema"):
        rows_of_events([payment(1, 0), wrong], load_kernels(), KEY)
    linked = next(cls for cls in DERIVED_CLASSES if cls.__name__ == "Linked")
    derived = linked(event_id="e", time=0, user_id="u", merchant_id="m", shared="ip")
    with pytest.raises(KeyError, match="is no event of the schema"):
        rows_of_events([derived], load_kernels(), KEY)


def test_names_have_hashes_of_their_own_and_tables_room() -> None:
    names = {*WORDS, *FIELDS, *(str(cls.__struct_config__.tag) for cls in EVENT_CLASSES)}
    assert len({name_hash(name) for name in names}) == len(names)
    assert len(WORDS) * 4 < SLOTS * 3
