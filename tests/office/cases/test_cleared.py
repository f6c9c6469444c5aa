"""A merchant that people found genuine is not held for what they have looked at; who changes their mind ends it."""

from __future__ import annotations

from typing import Any

import pytest

from bonafide.core.decision import Decision
from bonafide.core.door import convert_event
from bonafide.core.events import ListChanged
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.office.cases.rows import Asked
from bonafide.office.lists.cleared import CLEARED_MS
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from tests.engine.kit import START_MS
from tests.office.cases.kit import HERE, Site, alerting, token

GENUINE = Asked("genuine")
CASH_OUT = Asked("cash_out", "suspected")


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


def held(site: Site, *more: Any) -> int:
    """A case of a payout that was held, and that somebody has taken."""
    site.take(alerting("o1", "payout", outcome="hold", merchant_id="m1", account_id="a1"), *more)
    site.desk.assign(site.who["ann"], HERE, 1)
    return 1


def changes(site: Site) -> list[tuple[str, str, int | None, str | None]]:
    found = [wanted.record(0) for wanted in Records(site.store).pending()]
    told = [one for one in found if isinstance(one, ListChanged)]
    assert {one.list for one in told} <= {"cleared_30d"}
    return [(one.action, one.entry, one.expires, one.by) for one in told]


def test_a_payout_that_is_found_genuine_clears_its_merchant(site: Site) -> None:
    number, until = held(site), site.clock.now_ms + CLEARED_MS
    site.desk.decide(site.who["ann"], HERE, number, GENUINE)
    assert changes(site) == [("add", token("m1"), until, "person:ann")]
    site.desk.undo(site.who["bob"], HERE, number, "unsure")
    assert changes(site)[1:] == [("remove", token("m1"), until, "person:bob")]


def test_who_is_found_to_cash_out_is_cleared_no_more_until_that_is_taken_back(site: Site) -> None:
    number, until = held(site), site.clock.now_ms + CLEARED_MS
    site.desk.decide(site.who["ann"], HERE, number, GENUINE)
    site.clock.now_ms += DAY_MS
    site.take(alerting("o3", "payout", outcome="hold", merchant_id="m1", account_id="a1", at=site.clock.now_ms))
    site.desk.assign(site.who["eve"], HERE, number + 1)
    site.desk.decide(site.who["eve"], HERE, number + 1, CASH_OUT)
    assert changes(site)[1:] == [("remove", token("m1"), until, "person:eve")]
    site.desk.undo(site.who["eve"], HERE, number + 1, "genuine")
    assert changes(site)[2:] == [("add", token("m1"), site.clock.now_ms + CLEARED_MS, "person:eve")]


def test_who_is_not_on_the_list_does_not_leave_it(site: Site) -> None:
    number = held(site)
    site.desk.decide(site.who["ann"], HERE, number, GENUINE)
    site.clock.now_ms += CLEARED_MS
    for name in ("m1", "m9"):
        site.take(alerting(f"again-{name}", "payout", outcome="hold", merchant_id=name, at=site.clock.now_ms))
    for more in (number + 1, number + 2):
        site.desk.assign(site.who["eve"], HERE, more)
        site.desk.decide(site.who["eve"], HERE, more, CASH_OUT)
    assert [one[0] for one in changes(site)] == ["add"]


def test_a_doubt_changes_nothing(site: Site) -> None:
    site.desk.decide(site.who["ann"], HERE, held(site), Asked("unsure"))
    assert changes(site) == []


def test_a_cash_out_that_is_doubted_later_clears_nobody(site: Site) -> None:
    number = held(site)
    site.desk.decide(site.who["ann"], HERE, number, CASH_OUT)
    site.desk.undo(site.who["ann"], HERE, number, "unsure")
    assert changes(site) == []


def test_a_merchant_that_is_set_apart_is_cleared_and_the_others_are_not(site: Site) -> None:
    number = held(site, alerting("o2", "payout", outcome="hold", merchant_id="m2", account_id="a1"))
    asked = Asked("cash_out", "suspected", genuine=(token("m2"),))
    site.desk.decide(site.who["ann"], HERE, number, asked)
    assert [one[:2] for one in changes(site)] == [("add", token("m2"))]


def test_genuine_payments_do_not_clear_the_shop(site: Site) -> None:
    number = site.claimed()
    site.desk.decide(site.who["ann"], HERE, number, GENUINE)
    assert changes(site) == []


def test_whoever_is_cleared_is_paid_until_the_thirty_days_are_over() -> None:
    engine, money = Engine(shipped_bundle("paylater")), {"amount": 20_000, "currency": "CNY"}

    def tell(event_id: str, type: str, at: int, **fields: Any) -> Any:
        event = convert_event({"event_id": event_id, "type": type, "time": START_MS + at, **fields})
        return engine.decide_one(event)

    def trade(at: int) -> None:
        """A sale on credit, and four shops that are paid to one account."""
        line = {"credit_limit": 1_000_000, "credit_used": 0, "user_id": "u", "order_id": f"order{at}"}
        tell(f"p{at}", "payment", at, merchant_id="m", **line, **money)
        for i in range(4):
            tell(f"other{i}-{at}", "payout", at + i, merchant_id=f"m{i}", account_id="a", **money)

    def drawn(at: int) -> tuple[str, bool]:
        told = tell(f"o{at}", "payout", at, merchant_id="m", account_id="a", speed="instant", **money)
        assert isinstance(told, Decision)
        return told.outcome, "O-RING-DRAWN" in told.hits

    trade(0)
    assert drawn(HOUR_MS) == ("hold", True)
    until = START_MS + 2 * HOUR_MS + CLEARED_MS
    tell("c", "list_changed", 2 * HOUR_MS, list="cleared_30d", action="add", entry="m", expires=until, by="person:ann")
    assert drawn(3 * HOUR_MS) == ("warn", False)  # O-SHARED-ACCOUNT asks for nothing
    trade(25 * DAY_MS)
    assert drawn(26 * DAY_MS) == ("warn", False)
    assert drawn(2 * HOUR_MS + CLEARED_MS) == ("hold", True)
