"""Labels become verdicts in time: the queue against a plain twin, one row at a time."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bonafide.lab.labels import ROW, LabelQueue

LATENESS_MS = 50


class Row(NamedTuple):
    """A record that was read, perhaps with a label that becomes known after `delay`."""

    time: int
    label: int | None = None
    delay: int = 0


class Waiting(NamedTuple):
    known_at: int
    number: int
    label: int


Placed = tuple[str, int, str | None]
"""Event id, time, label of a verdict (None for a row that was read)."""


def twin(log: list[Row]) -> list[Placed]:
    """The law: before each row, every waiting label that is known by then, earliest first; then the row."""
    waiting: list[Waiting] = []
    woven: list[Placed] = []
    latest = -1
    for number, row in enumerate(log):
        latest = max(latest, row.time)
        due = sorted(w for w in waiting if w.known_at <= latest)
        waiting = [w for w in waiting if w.known_at > latest]
        woven += [(f"verdict:e{w.number}", w.known_at, ("genuine", "cash_out")[w.label]) for w in due]
        woven.append((f"e{number}", row.time, None))
        if row.label is not None and row.time >= latest - LATENESS_MS:
            waiting.append(Waiting(row.time + row.delay, number, row.label))
    return woven


def frames(log: list[Row], first: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Some rows of a log as `Chunk.frame` and `Chunk.truth`; the first has this number."""
    frame = pl.DataFrame(
        [{"type": "payment", "event_id": f"e{first + i}", "time": row.time} for i, row in enumerate(log)]
    )
    labels = [
        {
            "row": i, "event_id": f"e{first + i}", "label": row.label, "known_at": row.time + row.delay,
            "user_id": f"u{first + i}", "merchant_id": None,
        }
        for i, row in enumerate(log)
        if row.label is not None
    ]  # fmt: skip
    schema = {
        "row": pl.UInt32, "event_id": pl.String, "label": pl.Int8, "known_at": pl.Int64, "user_id": pl.String,
        "merchant_id": pl.String,
    }  # fmt: skip
    return frame, pl.DataFrame(labels, schema=schema)


def woven(log: list[Row], chunk: int) -> pl.DataFrame:
    queue = LabelQueue(LATENESS_MS)
    parts = [queue.weave(*frames(log[first : first + chunk], first)) for first in range(0, len(log), chunk)]
    return pl.concat(parts, how="diagonal")


def placed(frame: pl.DataFrame) -> list[Placed]:
    with_label = frame if "label" in frame.columns else frame.with_columns(label=pl.lit(None, pl.String))
    return with_label.select("event_id", "time", "label").rows()


ROWS = st.builds(
    Row,
    time=st.integers(0, 30) | st.integers(0, 300),
    label=st.sampled_from([None, 0, 1]),
    delay=st.sampled_from([0, 0, 1, 10, 100]),
)
LOGS = st.lists(ROWS, min_size=1, max_size=40)


@given(LOGS, st.sampled_from([1, 2, 7, 100]))
def test_weaving_equals_the_twin_however_the_log_is_cut(log: list[Row], chunk: int) -> None:
    assert placed(woven(log, chunk)) == twin(log)


@given(LOGS, st.sampled_from([1, 3, 100]))
def test_rows_that_were_read_keep_their_order_and_know_their_place(log: list[Row], chunk: int) -> None:
    frame = woven(log, chunk)
    read = frame.filter(pl.col(ROW).is_not_null())
    assert read["event_id"].to_list() == [f"e{n}" for n in range(len(log))]
    assert read[ROW].to_list() == [n % chunk for n in range(len(log))]


@given(LOGS)
def test_no_label_is_lost_and_none_comes_twice(log: list[Row]) -> None:
    """A row after everything and later than any delay brings out all that is still waiting."""
    names = [name for name, _, label in placed(woven([*log, Row(10_000)], 4)) if label is not None]
    latest, expected = -1, []
    for number, row in enumerate(log):
        latest = max(latest, row.time)
        if row.label is not None and row.time >= latest - LATENESS_MS:
            expected.append(f"verdict:e{number}")
    assert sorted(names) == sorted(expected)


@given(LOGS, st.integers(0, 300), st.lists(st.sampled_from([0, 1]), min_size=40, max_size=40))
def test_labels_not_yet_known_change_nothing_before(log: list[Row], moment: int, others: list[int]) -> None:
    """Give every label that becomes known after a moment another value: nothing differs until the log is there."""
    changed = [
        row._replace(label=other) if row.label is not None and row.time + row.delay > moment else row
        for row, other in zip(log, others)
    ]
    first, second = (
        list(takewhile(lambda item: item[1] <= moment, placed(woven(rows, 5)))) for rows in (log, changed)
    )  # fmt: skip
    assert first == second


def test_a_label_without_delay_stands_right_behind_its_own_row() -> None:
    log = [Row(5, label=1), Row(5), Row(5, label=0), Row(9)]
    assert [name for name, _, _ in placed(woven(log, 10))] == ["e0", "verdict:e0", "e1", "e2", "verdict:e2", "e3"]


def test_labels_that_become_known_at_once_come_in_the_order_of_their_rows() -> None:
    log = [Row(3, label=1, delay=4), Row(2, label=1, delay=5), Row(7)]
    assert [name for name, _, _ in placed(woven(log, 10))] == ["e0", "e1", "verdict:e0", "verdict:e1", "e2"]


def test_a_verdict_names_the_event_and_those_concerned() -> None:
    frame = woven([Row(5, label=1, delay=2), Row(9)], 10)
    verdict = frame.filter(pl.col(ROW).is_null()).to_dicts()[0]
    assert {name: value for name, value in verdict.items() if value is not None} == {
        "event_id": "verdict:e0", "time": 7, "type": "verdict", "subject_type": "event", "subject_id": "e0",
        "label": "cash_out", "source": "analyst", "user_id": "u0",
    }  # fmt: skip


def test_a_log_without_labels_passes_unchanged() -> None:
    frame, truth = frames([Row(5), Row(3)], 0)
    queue = LabelQueue(LATENESS_MS)
    assert queue.weave(frame, None).drop(ROW).equals(frame)
    assert queue.weave(frame, truth).drop(ROW).equals(frame)
