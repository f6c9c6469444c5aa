"""Records that the office wants in the log: with their step or not at all, once, and in their order."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from bonafide.core.errors import MissingError
from bonafide.core.events import Fact, MeasureStatus, Verdict
from bonafide.office.records.records import Records, want
from bonafide.office.store.database import Store

TOKEN = "~0123456789abcdef"


def verdict(name: str) -> Verdict:
    return Verdict(event_id=name, time=7, subject_type="user", subject_id=TOKEN, label="cash_out", source="analyst")


def test_a_record_waits_until_the_service_has_written_it(store: Store) -> None:
    records, before = Records(store, clock=lambda: 9), Records(store).version()
    status = MeasureStatus(event_id="measure:1:applied", time=0, measure_id="u3-5", measure="limit_credit",
                           subject_type="user", subject_id=TOKEN, status="applied", by="person:ann")  # fmt: skip
    with store.writing() as connection:
        assert [want(connection, one, 8) for one in (verdict("a"), status, verdict("a"))] == [1, 2, 1]
    assert records.version() > before
    first, second = records.pending()
    assert (first.event_id, first.made_ms, first.seq) == ("a", 8, None)
    assert first.record(5_000) == msgspec.structs.replace(verdict("a"), time=5_000)
    assert (second.record(5_000).time, second.record(5_000).event_id) == (5_000, "measure:1:applied")
    for _ in range(2):
        records.note_outcome(1, 40)
    assert [one.number for one in records.pending()] == [2]
    found = records.of("a")
    assert found is not None
    assert found.seq == 40
    assert records.of("b") is None
    with pytest.raises(MissingError):
        records.note_outcome(3, 1)


def test_a_step_that_fails_leaves_no_record(store: Store) -> None:
    def step() -> None:
        with store.writing() as connection:
            want(connection, verdict("a"), 8)
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        step()
    assert list(Records(store).pending()) == []


def test_the_service_writes_each_once_under_its_id(store: Store) -> None:
    from pathlib import Path

    from bonafide.apps.runtime.office_watch import OfficeWatch

    written: dict[str, Fact] = {}

    class Deciding:
        bundle = None

        def note(self, event_id: str, make: Callable[[int], Fact]) -> int:
            written.setdefault(event_id, make(5_000))
            return list(written).index(event_id)

    with store.writing() as connection:
        for name in ("a", "b"):
            want(connection, verdict(name), 8)
    watch = OfficeWatch(None, None, Records(store), Path(), [].append)
    watch.over(Deciding())  # type: ignore[arg-type]
    watch.look()
    watch.look()
    assert [(name, one.event_id, one.time) for name, one in written.items()] == [("a", "a", 5_000), ("b", "b", 5_000)]
    assert [Records(store).of(name).seq for name in "ab"] == [0, 1]  # type: ignore[union-attr]
