"""Measures that people open: four eyes for what limits somebody, and then the way of every measure."""

from __future__ import annotations

import pytest

from bonafide.core.errors import OpposedError, UsageError
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.audit.log import AuditLog
from bonafide.office.cases.rows import Asked
from bonafide.office.measures.measure import Measure, read_measures
from bonafide.office.measures.opening import Wish
from bonafide.office.store.database import Store
from tests.office.measures.kit import HERE, HOUR, PLATFORM, House, token_of


@pytest.fixture
def house(store: Store) -> House:
    found = House(store)
    found.pay("u1", "verify")
    return found


def opened(house: House, measure: str, name: str = "ann", hours: int | None = None, subject: str = "u1") -> Measure:
    until = None if hours is None else house.clock.now_ms + hours * HOUR
    wish = Wish(house.case_of(subject), token_of(subject), measure, until)
    return house.openings.open(house.session(name), HERE, wish, "three loops")


def sent(house: House, measure_id: str) -> list[str]:
    return [kind for _, kind, data in house.messages() if data.get("measure_id") == measure_id]


def test_what_limits_somebody_takes_two_people_and_goes_to_the_platform_and_into_the_log(house: House) -> None:
    found = opened(house, "freeze_credit", hours=24 * 20)
    assert (found.state, found.opened_by, found.confirmers, sent(house, found.measure_id)) == (
        "proposed", "ann", ("ann",), []
    )  # fmt: skip
    with pytest.raises(OpposedError, match="you have confirmed it"):
        house.measures.confirm(house.session("ann"), HERE, found.measure_id, "again")
    with pytest.raises(OpposedError, match="nobody has asked for it"):
        house.measures.tell(PLATFORM, found.measure_id, "applied")
    with pytest.raises(OpposedError, match="is open already"):
        opened(house, "freeze_credit", "bob")
    assert house.measures.confirm(house.session("bob"), HERE, found.measure_id, "so do I").state == "requested"
    assert sent(house, found.measure_id) == ["notice.begun", "measure.requested"]
    done = house.measures.tell(PLATFORM, found.measure_id, "applied")
    assert (done.state, done.until_ms) == ("confirmed", house.clock.now_ms + 24 * 20 * HOUR)
    house.settle()
    assert house.hash_of(found.measure_id) in house.in_force_at_the_engine()
    house.clock.now_ms += 24 * 20 * HOUR
    house.settle()
    assert house.measures.one(found.measure_id).state == "expired"
    assert house.in_force_at_the_engine() == set()


def test_what_limits_nobody_takes_one_person_and_is_no_machines(house: House) -> None:
    found = opened(house, "request_information", hours=48)
    assert (found.state, found.needs_person) == ("requested", False)
    notice = house.measures.show(found.measure_id)["notices"][0]
    assert notice["automated"] is False
    assert notice["reasons"]
    assert "A person has looked" in notice["text"]["en"]
    assert "工作人员核查" in notice["text"]["zh"]
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    house.settle()
    assert house.hash_of(found.measure_id) in house.in_force_at_the_engine()


def test_one_that_nobody_confirms_never_leaves(house: House) -> None:
    found = opened(house, "limit_credit", hours=24 * 20)
    house.clock.now_ms += 73 * HOUR
    house.settle()
    assert house.measures.one(found.measure_id).state == "expired"
    assert sent(house, found.measure_id) == []


def test_what_cannot_be_asked_for_is_refused_and_audited(house: House) -> None:
    for measure, hours, error in (("hold_reserve", None, UsageError), ("freeze_credit", 24 * 91, UsageError),
                                  ("freeze_credit", 0, UsageError)):  # fmt: skip
        with pytest.raises(error):
            opened(house, measure, hours=hours)
    with pytest.raises(UsageError, match="name a user or a merchant of the case"):
        house.openings.open(house.session("ann"), HERE, Wish(1, token_of("u2"), "freeze_credit"), "why")
    with pytest.raises(ForbiddenError):
        opened(house, "freeze_credit", "lee")
    refused = [one.who for one in AuditLog(house.store).entries() if (one.what, one.outcome) == (
        "measure.open", "refused")]  # fmt: skip
    assert refused == ["person:ann"] * 4 + ["person:lee"]


def test_what_two_people_decide_of_a_case_becomes_a_measure_and_its_undoing_ends_it(house: House) -> None:
    number = house.case_of("u1")
    house.desk.assign(house.session("ann"), HERE, number)
    for measure, about in (("freeze_credit", ()), (None, (token_of("u1"),)), ("freeze_credit", (token_of("m1"),))):
        asked = Asked("cash_out", "confirmed", measure, about=about)
        with pytest.raises(UsageError):
            house.desk.decide(house.session("ann"), HERE, number, asked)
    asked = Asked("cash_out", "confirmed", "freeze_credit", about=(token_of("u1"),))
    house.desk.decide(house.session("ann"), HERE, number, asked)
    assert every(house) == []
    house.desk.confirm(house.session("bob"), HERE, number)
    (found,) = every(house)
    assert (found.state, found.confirmers, found.case_number) == ("requested", ("ann", "bob"), number)
    house.measures.tell(PLATFORM, found.measure_id, "applied")
    house.settle()
    assert house.measures.one(found.measure_id).state == "confirmed"
    assert house.hash_of(found.measure_id) in house.in_force_at_the_engine()
    house.desk.undo(house.session("ann"), HERE, number, "genuine")
    house.settle()
    assert house.measures.one(found.measure_id).state == "lifted"
    assert house.in_force_at_the_engine() == set()
    assert sent(house, found.measure_id)[-2:] == ["measure.lift_requested", "notice.ended"]


def every(house: House) -> list[Measure]:
    with house.store.reading() as connection:
        return [one for one in read_measures(connection, limit=100) if one.opened_by is not None]
