"""A frame of records and the structs of the same records become the same rows of integers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Event
from bonafide.core.fields import FRACTION_UNIT, TYPE_CODE, WORD_CODE
from bonafide.engine.intake import rows_of_columns, rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs.chunks import frame_of_events
from bonafide.testing.generators import events

_LISTED = pl.List(pl.Struct({"kind": pl.String, "id": pl.String}))
KEY = np.array([1, 2], dtype=np.uint64)


@settings(max_examples=60)
@given(st.lists(events(), min_size=1, max_size=20) | st.lists(events(awkward=True), min_size=1, max_size=3))
def test_columns_become_the_rows_that_structs_become(log: list[Event]) -> None:
    kernels = load_kernels()
    frame = frame_of_events(log, range(1, len(log) + 1))
    rows = rows_of_columns(kinds_of(frame), columns_of(frame), kernels, KEY)
    np.testing.assert_array_equal(rows, rows_of_events(log, kernels, KEY))
    if "documents" in frame.columns:  # as a simulation has them, not written as text
        listed = frame.with_columns(pl.col("documents").str.json_decode(_LISTED))
        np.testing.assert_array_equal(rows_of_columns(kinds_of(listed), columns_of(listed), kernels, KEY), rows)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 2 / 3, 0.123456789_5, 0.000000000_5, 0.000000001_5, 5e-324])
def test_fractions_round_half_to_the_even_billionth_as_structs_do(value: float) -> None:
    frame = pl.DataFrame({"type": ["indicator"], "confidence": [value]})
    assert columns_of(frame)["confidence"].tolist() == [round(value * FRACTION_UNIT)]


def test_columns_that_are_no_fields_are_left_out_and_absence_has_one_form() -> None:
    absent = {"user_id": pl.String, "status": pl.String, "amount": pl.Int64, "success": pl.Boolean}
    frame = pl.DataFrame(
        {"type": ["login"] * 2, "line": [1, 2], "row": [0, None], **{name: [None, None] for name in absent}},
        schema_overrides=absent,
    )
    columns = columns_of(frame)
    assert list(columns) == list(absent)
    assert columns.pop("user_id") == b"\0"
    assert {tuple(column.tolist()) for column in columns.values()} == {(-(2**63),) * 2}


def test_kinds_and_words_are_their_codes() -> None:
    frame = pl.DataFrame({"type": ["tick", "payment"], "currency": [None, "CNY"], "success": [True, None]})
    assert kinds_of(frame).tolist() == [TYPE_CODE["tick"], TYPE_CODE["payment"]]
    assert columns_of(frame)["currency"].tolist()[1] == WORD_CODE["CNY"]
    assert columns_of(frame)["success"].tolist()[0] == 1
