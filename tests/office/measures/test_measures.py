"""Measures over a store: taken once, asked for with a bound, ended by the clock, and what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from bonafide.core.errors import MissingError, OpposedError, UsageError
from bonafide.engine.ladder import words as engine_words
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.audit.log import AuditLog
from bonafide.office.measures import words
from bonafide.office.measures.measure import Measure
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import measure_steps, measures
from tests.office.databases import everything_in
from tests.office.measures.kit import HERE, HOUR, PLATFORM, House, token_of


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def hard(house: House, *, settle: bool = True) -> Measure:
    """A measure of the merchant that limits it, which a machine alone proposed."""
    house.pay()
    house.clock.now_ms += 3 * HOUR
    house.pay(strict="hold", typology="broker_ring")
    house.settle() if settle else house.upkeep.step()
    found = next(one for one in house.measures.list() if one.is_hard and not one.needs_person)
    assert (found.state, found.until_ms) == ("requested", found.event_ms + 72 * HOUR)
    return found


def of(house: House, measure: str) -> Measure:
    return next(one for one in house.measures.list() if one.measure == measure)


def confirm(house: House, found: Measure, name: str, **more: Any) -> Measure:
    return house.measures.confirm(house.session(name), HERE, found.measure_id, "I looked at it", **more)


def test_the_words_are_the_ladders() -> None:
    assert (words.MACHINE_MS, words.CONFIRMERS) == (engine_words.MACHINE_MS, engine_words.CONFIRMERS)
    assert engine_words.MEASURES[: engine_words.FRICTION + 1] == words.FRICTION


def test_a_log_that_is_read_again_brings_nothing_twice(house: House) -> None:
    hard(house)
    before, messages = house.measures.list(), house.messages()
    with house.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM log_places")
    house.restart()
    house.settle()
    assert house.measures.list() == before
    assert house.messages() == messages


def test_a_log_that_was_restored_is_read_from_the_beginning(house: House) -> None:
    hard(house)
    before = house.measures.list()
    with house.store.writing() as connection:
        connection.exec_driver_sql("UPDATE log_places SET chain = NULL, next_seq = 900")
    house.settle()
    assert house.measures.list() == before


def test_two_people_have_it_last_and_one_person_twice_does_not(house: House) -> None:
    found = hard(house)
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    assert confirm(house, found, "ann").state == "applied"
    with pytest.raises(OpposedError, match="you have confirmed"):
        confirm(house, found, "ann")
    with pytest.raises(StoreError), house.store.writing() as connection:  # nor by way of the database
        connection.execute(update(measures).values(until_ms=found.until_ms + 1))
    with pytest.raises(UsageError, match="until: give a time"):
        confirm(house, found, "bob", until_ms=house.clock.now_ms + 91 * 24 * HOUR)
    review = house.clock.now_ms + 10 * 24 * HOUR
    assert confirm(house, found, "bob", until_ms=review).until_ms == review
    house.settle()
    house.clock.now_ms += 80 * HOUR
    house.settle()
    assert house.measures.one(found.measure_id).state == "confirmed"
    assert house.hash_of(found.measure_id) in house.in_force_at_the_engine()
    house.clock.now_ms = review
    house.settle()
    assert house.measures.one(found.measure_id).state == "expired"
    assert house.in_force_at_the_engine() == house.in_force_here() == set()


@pytest.mark.parametrize("later_ms", [0, -5_000])
def test_two_who_confirm_are_told_apart_whatever_the_clock_says(house: House, later_ms: int) -> None:
    """In the same millisecond, or after the clock was set back, and by whatever name."""
    found = hard(house)
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    confirm(house, found, "bob")
    house.clock.now_ms += later_ms
    assert confirm(house, found, "ann").confirmers == ("bob", "ann")
    house.settle()
    house.clock.now_ms = found.until_ms + HOUR
    house.settle()
    assert house.in_force_at_the_engine() == house.in_force_here() == {house.hash_of(found.measure_id)}


def test_alone_it_ends_after_72_hours_and_the_platform_is_asked_to_lift_it(house: House) -> None:
    found = hard(house)
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    confirm(house, found, "ann")
    house.clock.now_ms = found.until_ms - 1
    house.settle()
    assert house.hash_of(found.measure_id) in house.in_force_here()
    with pytest.raises(OpposedError, match="too soon for the log"):
        confirm(house, found, "bob")
    house.clock.now_ms += 1
    house.settle()
    ended = house.measures.one(found.measure_id)
    assert (ended.state, ended.ended_by, ended.wanted) == ("expired", "time", "lift")
    assert house.messages()[-1][1] in ("measure.lift_requested", "notice.ended")
    assert house.measures.tell(PLATFORM, found.measure_id, "lifted").wanted == "nothing"
    assert house.measures.tell(PLATFORM, found.measure_id, "applied").wanted == "lift"  # late: it is asked again


def test_a_confirmation_that_reaches_the_log_too_late_leaves_nothing_frozen(house: House) -> None:
    found = hard(house)
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    house.write_records()
    for name in ("ann", "bob"):
        confirm(house, found, name)
    assert house.measures.one(found.measure_id).state == "confirmed"
    house.clock.now_ms += 73 * HOUR  # the service was away
    house.settle()
    assert house.measures.one(found.measure_id).state == "expired"
    assert house.hash_of(found.measure_id) not in house.in_force_at_the_engine()


def test_who_is_never_answered_asks_with_a_bound_and_raises_it(house: House) -> None:
    found = hard(house)
    for wait in (HOUR // 6, HOUR, 6 * HOUR, 24 * HOUR):
        house.clock.now_ms += wait
        house.settle()
    asked = [data["asked"] for _, kind, data in house.messages()
             if kind == "measure.requested" and data["measure_id"] == found.measure_id]  # fmt: skip
    assert asked == [1, 2, 3, 4]
    raised = house.measures.one(found.measure_id)
    assert (raised.raised_ms, raised.ask_ms) == (house.clock.now_ms, None)
    assert house.measures.figures()["raised"] > 0
    assert AuditLog(house.store).entries(what="measure.unanswered", on_what=f"measure:{found.measure_id}")
    assert found.measure_id in [one.measure_id for one in house.measures.list(waiting=True)]


def test_what_needs_a_person_waits_for_one_and_its_notice_may_wait_for_the_law(house: House) -> None:
    hard(house)
    found = of(house, "refer")
    assert (found.state, found.asks) == ("proposed", 0)
    with pytest.raises(OpposedError, match="nobody has asked"):
        house.measures.tell(PLATFORM, found.measure_id, "applied")
    until = house.clock.now_ms + 30 * HOUR
    with pytest.raises(ForbiddenError):
        house.measures.delay_notice(house.session("bob"), HERE, found.measure_id, "order 5 of Zhang", until)
    house.measures.delay_notice(house.session("lee"), HERE, found.measure_id, "order 5 of Zhang", until)
    assert confirm(house, found, "ann").state == "requested"
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    house.settle()
    assert house.hash_of(found.measure_id) in house.in_force_at_the_engine()
    assert [one["sent"] for one in house.measures.show(found.measure_id)["notices"]] == [None]
    assert house.measures.figures()["without_notice"] == 0
    with pytest.raises(OpposedError, match="was told already"):
        house.measures.delay_notice(house.session("lee"), HERE, found.measure_id, "x", until)
    house.clock.now_ms = until
    house.settle()
    assert all(one["sent"] for one in house.measures.show(found.measure_id)["notices"])
    assert [kind for _, kind, data in house.messages() if data["measure_id"] == found.measure_id][-1] == "notice.begun"


def test_people_lift_and_turn_down(house: House) -> None:
    found = hard(house)
    for act in ("lift", "refuse"):
        with pytest.raises(UsageError, match="note"):
            getattr(house.measures, act)(house.session("ann"), HERE, found.measure_id, "")
        with pytest.raises(MissingError):
            getattr(house.measures, act)(house.session("ann"), HERE, "u9-9", "x")
    assert house.measures.refuse(house.session("ann"), HERE, found.measure_id, "too hard").state == "refused"
    other = of(house, "request_information")
    house.measures.tell(PLATFORM, other.measure_id, "applied")
    with pytest.raises(OpposedError, match="lift it"):
        house.measures.refuse(house.session("ann"), HERE, other.measure_id, "x")
    with pytest.raises(OpposedError, match="can be lifted and not refused"):
        house.measures.tell(PLATFORM, other.measure_id, "refused")
    with pytest.raises(OpposedError, match="limits nobody"):
        confirm(house, other, "ann")
    assert house.measures.lift(house.session("ann"), HERE, other.measure_id, "came by letter").state == "lifted"
    with pytest.raises(OpposedError, match="already"):
        house.measures.lift(house.session("ann"), HERE, other.measure_id, "x")
    house.settle()
    assert house.in_force_here() == house.in_force_at_the_engine()


def test_the_database_refuses_what_the_code_would(house: House, place: Any) -> None:
    found = hard(house)
    one, refer = measures.c.measure_id == found.measure_id, measures.c.measure == "refer"
    for where, values in (
        (one, {"state": "proposed"}), (one, {"state": "confirmed"}), (one, {"until_ms": found.until_ms + 1}),
        (one, {"machine_until_ms": found.until_ms + 1}), (one, {"subject": "~0000000000000001"}),
        (one, {"state": "applied"}), (one, {"state": "expired"}), (one, {"is_hard": False}), (one, {"state": "gone"}),
        (refer, {"state": "requested"}), (refer, {"needs_person": False}),
    ):  # fmt: skip
        with pytest.raises(StoreError), house.store.writing() as connection:
            connection.execute(update(measures).where(where).values(**values))
    step = {"measure_id": found.measure_id, "action": "confirm", "person": "ann", "number": 9,
            "made_ms": house.clock.now_ms, "note": b"n"}  # fmt: skip
    for changed in (
        {"person": "nobody"}, {"action": "bless"}, {"made_ms": found.until_ms}, {"action": "delay"},
        {"measure_id": of(house, "notice").measure_id},
    ):  # fmt: skip
        with pytest.raises(StoreError), house.store.writing() as connection:
            connection.execute(measure_steps.insert().values(**step | changed))
    confirm(house, found, "ann")
    for statement in ("DELETE FROM measures", "DELETE FROM notices", "UPDATE measure_steps SET person = 'bob'"):
        with pytest.raises(StoreError), house.store.writing() as connection:
            connection.exec_driver_sql(statement)
    kept = everything_in(place)
    assert b"I looked at it" not in kept
    assert b'"u1"' not in kept
    assert token_of("u1").encode() in kept
