"""Rows of structs and rows of columns: the same integers for the same events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bonafide.core.events import EVENT_CLASS, Document, Event, Indicator, MerchantApplication, Tick
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, TYPE_NAMES, WORD_CODE
from bonafide.engine.intake import rows_of_columns, rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.operations import LOCAL_DAY, LOCAL_HOUR, ROW_WIDTH, TYPE
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing.generators import events
from tests.engine.kit import SECRET, START_MS, frame_of, payment

KEY = np.frombuffer(SECRET, dtype="<u8")


def both(log: Sequence[Event]) -> tuple[np.ndarray, np.ndarray]:
    frame = frame_of(log)
    kernels = load_kernels()
    return rows_of_events(log, kernels, KEY), rows_of_columns(kinds_of(frame), columns_of(frame), kernels, KEY)


def application(**told: Any) -> MerchantApplication:
    fields = {"event_id": "a", "time": 0, "merchant_id": "m", "legal_name": "店", "registration_no": "r",
              "representative_id": "p", "category": "c"}  # fmt: skip
    return MerchantApplication(**{**fields, **told})


def indicator(confidence: float) -> Indicator:
    return Indicator(event_id="i", time=0, indicator_id="i", subject_type="ip", subject_id="s", typology="t",
                     confidence=confidence, valid_until=0, status="active")  # fmt: skip


@settings(max_examples=150)
@given(st.lists(events(awkward=True), min_size=1, max_size=12))
@example([Tick(event_id="e", time=0)])
@example([application(documents=()), application(), application(documents=(Document("a", "b"), Document("c", "é")))])
@example([indicator(x) for x in (0.0, 1.0, 0.1, 5e-10, 1.5e-9, 2.5e-9, 0.1234567895, 1 / 3)])
def test_structs_and_columns_give_equal_rows(log: list[Event]) -> None:
    of_structs, of_columns = both(log)
    np.testing.assert_array_equal(of_structs, of_columns)


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_every_type_alone(name: str) -> None:
    @settings(max_examples=10)
    @given(st.lists(events({name}), min_size=1, max_size=4))
    def play(log: list[Event]) -> None:
        of_structs, of_columns = both(log)
        np.testing.assert_array_equal(of_structs, of_columns)
        assert (of_structs[:, TYPE] == TYPE_CODE[name]).all()
        present = {FIELDS[f].place for f in EVENT_CLASS[name].__struct_fields__}
        absent = [place for place in range(ROW_WIDTH) if place not in {*present, TYPE}]
        assert (of_structs[:, absent] == ABSENT).all()

    play()


def test_a_row_holds_what_the_event_says() -> None:
    row = rows_of_events([payment(1, 5, 700, goods="virtual", instalments=3)], load_kernels(), KEY)[0]
    told = {name: int(row[FIELDS[name].place]) for name in ("time", "amount", "goods", "currency", "instalments", "ip")}
    assert told == {
        "time": START_MS + 5, "amount": 700, "goods": WORD_CODE["virtual"], "currency": WORD_CODE["CNY"],
        "instalments": 3, "ip": ABSENT,
    }  # fmt: skip
    assert row[LOCAL_HOUR] == row[LOCAL_DAY] == ABSENT


def test_equal_texts_have_equal_hashes_in_every_field_and_place() -> None:
    rows = rows_of_events(
        [payment(1, 0, user_id="x", merchant_id="x"), payment(2, 0, device_id="x")], load_kernels(), KEY
    )
    found = {int(rows[0, FIELDS["user_id"].place]), int(rows[0, FIELDS["merchant_id"].place])}
    assert found == {int(rows[1, FIELDS["device_id"].place])}


def test_no_events_are_no_rows() -> None:
    assert rows_of_events([], load_kernels(), KEY).shape == (0, ROW_WIDTH)


def test_a_text_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="column user_id does not have 3 parts"):
        rows_of_columns(np.zeros(3, dtype=np.int64), {"user_id": b"a\0b"}, load_kernels(), KEY)
