"""Lists of cases, what is shown of one, and how they are written out."""

from __future__ import annotations

import csv
import io
from typing import Any, get_args

import pytest
from sqlalchemy import select

from bonafide.core.errors import MissingError, UsageError
from bonafide.office.cases.export import COLUMNS, csv_of
from bonafide.office.cases.lawyers import LINES, lines_met
from bonafide.office.cases.listing import SORTS, Sort, Wanted
from bonafide.office.cases.rows import Asked
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_overdues
from tests.office.cases.kit import DAY, HERE, HOUR, Site, alerting, taught, token


@pytest.fixture
def site(store: Store) -> Site:
    made = Site(store)
    for i in range(7):
        made.clock.now_ms += HOUR
        made.open(f"e{i}", f"u{i}", f"m{i}", amount=10 ** (2 + i % 4), at=made.clock.now_ms,
                  hits=["U-BURST"] if i % 2 else ["M-RETURNS"], outcome="hold" if i == 3 else "verify")  # fmt: skip
    return made


def test_pages_are_the_whole_list_in_its_order(site: Site) -> None:
    assert set(get_args(Sort)) == set(SORTS)
    for sort in SORTS:
        check_pages(site, sort)


def check_pages(site: Site, sort: Sort) -> None:
    whole = site.book.list(Wanted(), sort, limit=100)
    assert whole.next_after is None
    numbers, after = [], ""
    while True:
        page = site.book.list(Wanted(), sort, after, limit=3)
        numbers += [case.number for case in page.cases]
        if page.next_after is None:
            break
        after = page.next_after
    assert numbers == [case.number for case in whole.cases]
    assert sorted(numbers) == list(range(1, 8))
    by: dict[str, Any] = {
        "priority": lambda one: one.rank_ms, "due": lambda one: one.due_ms, "newest": lambda one: -one.opened_ms,
        "money": lambda one: -one.stake, "number": lambda one: one.number,
    }  # fmt: skip
    key = by[sort]
    assert [key(one) for one in whole.cases] == sorted(key(one) for one in whole.cases)


def test_lists_are_filtered(site: Site) -> None:
    site.desk.assign(site.who["ann"], HERE, 2)
    site.desk.decide(site.who["ann"], HERE, 2, Asked("genuine"))
    site.desk.assign(site.who["ann"], HERE, 3)

    def numbers(**wanted: Any) -> set[int]:
        return {case.number for case in site.book.list(Wanted(**wanted)).cases}

    assert numbers() == {1, 3, 4, 5, 6, 7}
    assert numbers(states=("decided",)) == {2}
    assert numbers(assignee="ann") == {3}
    assert numbers(typology="intensive_burst") == {4, 6}
    assert numbers(subject=token("u4")) == numbers(subject=token("m4")) == {5}
    assert numbers(queue="review") == numbers(overdue=True) == set()
    site.clock.now_ms += 3 * DAY + 1
    assert numbers(overdue=True) == {1, 3, 4, 5, 6, 7}
    for wanted, after in ((Wanted(typology="no such"), ""), (Wanted(), "x"), (Wanted(), "9" * 19 + ".1")):
        with pytest.raises(UsageError):
            site.book.list(wanted, after=after)
    with pytest.raises(MissingError):
        site.book.one(99)


def test_priority_is_by_money_and_time_left(site: Site) -> None:
    first = site.book.list(Wanted(), "priority").cases[0]
    assert first.stake == 100_000
    case = site.book.one(4)
    assert (case["priority"], case["money_caught"], case["outcome"]) == (-72 + 3 + round(12 * 3.0) - 0, 100_000, "hold")


def test_figures_say_how_it_stands(site: Site) -> None:
    site.desk.assign(site.who["ann"], HERE, 2)
    site.desk.decide(site.who["ann"], HERE, 2, Asked("genuine"))
    told = site.book.figures()
    assert told["queues"]["alerts"]["open"] == 6
    assert told["decided"] == {"genuine": {"cases": 1, "money_at_stake": 1_000}}
    assert told["decided_in_time_fraction"] == 1.0


def test_aggregates_come_from_the_log(store: Store) -> None:
    site = Site(store)
    loop = {"returned": 9_000, "home": 9_000, "amount": 10_000, "closes": True, "path": []}
    site.take(
        alerting("p1", user_id="u1", merchant_id="m1", order_id="o1", goods="physical"),
        alerting("p2", user_id="u2", merchant_id="m1", order_id="o2", goods="physical", at=site.clock.now_ms + HOUR),
        taught("s", "shipment", order_id="o2", user_id="u2", merchant_id="m1", status="delivered"),
        taught("r", "repayment", user_id="u1", amount=500, currency="CNY", status="missed", days_past_due=9),
        taught("r2", "repayment", user_id="u2", amount=700, currency="CNY", status="missed"),
        taught("r3", "repayment", user_id="u2", amount=700, currency="CNY", status="paid"),
        alerting("po", "payout", merchant_id="m1", account_id="a1", amount=20_000, loops=[loop]),
        alerting("rf", "refund", user_id="u1", merchant_id="m1", order_id="o1", amount=10_000, to="cash", alert=False),
    )  # fmt: skip
    told = site.book.one(1)["aggregates"]
    assert {name: told[name] for name in ("gross_amount", "n_txn", "n_payers", "n_merchants", "overdue_principal")} == {
        "gross_amount": 20_000, "n_txn": 2, "n_payers": 2, "n_merchants": 1, "overdue_principal": 500,
    }  # fmt: skip
    assert told["no_logistics_ratio"] == 0.5
    assert told["refund_route"] == {"cash": 1}
    assert told["fee_rate_est"] == {"lo": 0.1, "hi": 0.1, "method": "observed"}
    assert told["illegal_gain"] == {"value": 1_000, "method": "observed"}
    assert site.case(1).stake == 20_000
    with store.reading() as connection:
        assert [row.token for row in connection.execute(select(case_overdues))] == [token("u1")]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.text}-{line.article}-{line.measure}-{line.least}")
def test_a_line_is_met_to_the_fen(line: Any) -> None:
    def met(value: int, currency: str = "CNY") -> bool:
        found = lines_met(currency, {line.measure: value})
        return (line.text, line.least) in {(one["text"], one["least"]) for one in found}

    assert [met(line.least - 1), met(line.least), met(line.least + 1), met(line.least, "USD")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_money_of_another_currency_is_not_added(store: Store) -> None:
    site = Site(store)
    for i, currency in enumerate(("CNY", "USD", "CNY")):
        site.take(alerting(f"p{i}", user_id="u1", merchant_id="m1", currency=currency))
    assert (site.case(1).stake, site.case(1).currency, site.case(1).events) == (20_000, "CNY", 3)


def test_nothing_that_is_written_out_is_a_live_formula() -> None:
    evil = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", '","=1']
    rows = [dict.fromkeys(COLUMNS, text) for text in evil]
    read = list(csv.reader(io.StringIO(csv_of(rows).decode("utf-8-sig"), newline="")))
    assert len(read) == len(evil) + 1
    for text, cells in zip(evil, read[1:], strict=True):
        assert set(cells) == ({text} if text.startswith('"') else {f"'{text}"})
    assert csv_of([{"number": 5, "priority": -7}]).decode("utf-8-sig").split("\r\n")[1].startswith('"5","","","","-7"')
