"""The same windows one event at a time: in plain Python, and with river.

Each takes its events as lists of Python values, which is not timed, and is timed until every answer stands in memory,
in seconds on the processor.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from datetime import datetime, timedelta
from math import nan
from time import process_time
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import parse_span

from .peers import KEYS, Answered
from .workload import WINDOWS, Window

RIVER_ANSWERS: Final = tuple(i for i, window in enumerate(WINDOWS) if window.take != "distinct")
"""Places of the windows that river can answer."""


class _PlainWindow:
    """One length over one key's payments: a deque, running sums, and counts of each value of a set."""

    __slots__ = ("count", "counts", "entries", "of", "over_ms", "total")

    def __init__(self, over_ms: int, of: str | None) -> None:
        self.over_ms = over_ms
        self.of = of
        self.entries: deque[tuple[int, int, str]] = deque()
        self.count = self.total = 0
        self.counts: Counter[str] = Counter()

    def forget(self, time: int) -> None:
        """Drop what lies `over_ms` or more before a time."""
        entries, counts = self.entries, self.counts
        limit = time - self.over_ms
        while entries and entries[0][0] <= limit:
            _, amount, value = entries.popleft()
            self.count -= 1
            self.total -= amount
            if self.of is not None:
                counts[value] -= 1
                if not counts[value]:
                    del counts[value]

    def add(self, time: int, amount: int, value: str) -> None:
        """Take a payment in."""
        self.entries.append((time, amount, value))
        self.count += 1
        self.total += amount
        if self.of is not None:
            self.counts[value] += 1


class _Key(NamedTuple):
    """What is asked of one kind of key."""

    lengths: dict[str, str | None]
    """Each length -> of which field the distinct values are counted over it."""
    answers: list[tuple[int, str]]
    """In the order of WINDOWS: the place of the length, and what is taken."""


def _asked(key: str) -> _Key:
    own = [window for window in WINDOWS if window.by == key]
    lengths: dict[str, str | None] = {}
    for window in own:
        lengths[window.over] = window.of if window.take == "distinct" else lengths.get(window.over)
    places = {over: place for place, over in enumerate(lengths)}
    return _Key(lengths, [(places[window.over], window.take) for window in own])


def ask_plain(events: pl.DataFrame) -> Answered:
    """What a programmer writes first, exact; times must not go back."""
    asked = [_asked(key) for key in KEYS]
    lengths = [[(parse_span(over), of) for over, of in one.lengths.items()] for one in asked]
    states: list[dict[str, list[_PlainWindow]]] = [{} for _ in KEYS]
    records = list(events.select("type", "time", "amount", *KEYS).iter_rows(named=True))
    answers: list[list[float]] = []
    begin = process_time()
    for record in records:
        told: list[float] = []
        time, paid = record["time"], record["type"] == "payment"
        for key, one, state, own in zip(KEYS, asked, states, lengths, strict=True):
            name = record[key]
            if name is None:
                told += [nan] * len(one.answers)
                continue
            windows = state.get(name)
            if windows is None:
                windows = state[name] = [_PlainWindow(*length) for length in own]
            for window in windows:
                window.forget(time)
            for place, take in one.answers:
                window = windows[place]
                told.append(window.count if take == "count" else window.total if take == "sum" else len(window.counts))
            if paid:
                for window in windows:
                    window.add(time, record["amount"], record[window.of] if window.of else "")
        answers.append(told)
    seconds = process_time() - begin
    return Answered(np.array(answers, dtype=np.float64), seconds)


def ask_river(events: pl.DataFrame) -> Answered:
    """Rolling sums of river in a dictionary for each key.

    `TimeRolling` forgets only while it takes an event in, so that an answer holds the event itself, which is taken off
    again. A count is a sum of ones, since `stats.Count` cannot go back. Sums of whole numbers below 2**53 are exact.
    """
    from river import stats, utils

    asked: dict[str, list[Window]] = {key: [WINDOWS[i] for i in RIVER_ANSWERS if WINDOWS[i].by == key] for key in KEYS}
    periods = {key: [timedelta(milliseconds=parse_span(w.over)) for w in windows] for key, windows in asked.items()}
    counts = {key: [w.take == "count" for w in windows] for key, windows in asked.items()}
    states: dict[str, defaultdict[str, list[Any]]] = {
        key: defaultdict(lambda own=lengths: [utils.TimeRolling(stats.Sum, period=p) for p in own])  # type: ignore[misc]
        for key, lengths in periods.items()
    }
    start = datetime.min + timedelta(days=365)  # noqa: DTZ901  (river compares with times that have no zone)
    first = events["time"][0]
    records = [
        (start + timedelta(milliseconds=time - first), amount if kind == "payment" else 0, kind == "payment", keys)
        for kind, time, amount, *keys in events.select("type", "time", "amount", *KEYS).iter_rows()
    ]
    answers: list[list[float]] = []
    begin = process_time()
    for time, amount, paid, keys in records:
        told: list[float] = []
        for key, name in zip(KEYS, keys, strict=True):
            if name is None:
                told += [nan] * len(asked[key])
                continue
            for rolling, is_count in zip(states[key][name], counts[key], strict=True):
                value = int(paid) if is_count else amount
                rolling.update(value, t=time)
                told.append(rolling.get() - value)
        answers.append(told)
    seconds = process_time() - begin
    return Answered(np.array(answers, dtype=np.float64), seconds)
