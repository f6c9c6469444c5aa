"""What lawyers need of every case: counts, sums and spans, and the numeric lines that they meet.

Nothing here judges: a line that is met is "to be judged by counsel or police". Users who cashed out small sums are for
education and limits; organisers and merchants for escalation (docs/cases.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from bonafide.core.moment import show_moment
from bonafide.office.cases.money import money_of
from bonafide.office.store.tables import case_events, case_overdues, case_subjects, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

GAIN_PER_MILLE: Final = 1
"""Where no gain is known, fines are reckoned from 0.1 % of the amount (Fa Shi [2019] 1, article 7)."""
_MILLION: Final = 100_000_000
"""Fen."""


class Line(NamedTuple):
    """A numeric line of a text; `least` in fen."""

    text: str
    article: str
    measure: str
    least: int
    level: str


LINES: Final = (
    Line("法释〔2018〕19", "12", "gross_amount", _MILLION, "serious"),
    Line("法释〔2018〕19", "12", "gross_amount", 5 * _MILLION, "very serious"),
    Line("法释〔2018〕19", "12", "overdue_principal", 20_000_000, "serious"),
    Line("法释〔2018〕19", "12", "overdue_principal", _MILLION, "very serious"),
    Line("法释〔2019〕1", "3", "gross_amount", 5 * _MILLION, "serious"),
    Line("法释〔2019〕1", "3", "illegal_gain", 10_000_000, "serious"),
    Line("法释〔2019〕1", "4", "gross_amount", 25 * _MILLION, "very serious"),
    Line("法释〔2019〕1", "4", "illegal_gain", 50_000_000, "very serious"),
)  # fmt: skip
"""Of credit cards and terminals (2018) and of online payment interfaces (2019); lines that need an aggravating fact,
and those about one card holder's overdraft, take facts that are not in the log."""
_NOTE: Final = "payments are counted once; refunds of the same orders, payouts and transfers are not added"
_UNKNOWN: Final = ("loss", "places", "prior_penalty", "collections")
"""What the log does not say; counsel adds it."""


def lines_met(currency: str | None, sums: dict[str, int]) -> list[dict[str, Any]]:
    """The lines that sums meet; of CNY alone, since the texts speak of yuan.

    >>> [line["level"] for line in lines_met("CNY", {"gross_amount": 100_000_000})]
    ['serious']
    >>> lines_met("CNY", {"gross_amount": 99_999_999}), lines_met("EUR", {"gross_amount": 10**12})
    ([], [])
    """
    if currency != "CNY":
        return []
    met = [line for line in LINES if sums.get(line.measure, 0) >= line.least]
    told = "meets a numeric line, to be judged by counsel or police"
    return [{"text": line.text, "article": line.article, "measure": line.measure, "value": sums[line.measure],
             "least": line.least, "level": line.level, "told": told} for line in met]  # fmt: skip


def aggregates_of(connection: Connection, number: int) -> dict[str, Any]:
    """The aggregates of a case, from its events and from what the log says of their orders and users."""
    rows = connection.execute(select(case_events).where(case_events.c.number == number)).all()
    money = money_of(rows)
    payments = [row for row in rows if row.type == "payment" and row.currency == money.currency]
    gross = sum(row.amount for row in payments)
    users = sorted({row.user_id for row in rows if row.user_id is not None})
    fee, gain = _fees(rows, gross)
    overdue, overdue_users = _overdue(connection, number, money.currency)
    physical = [row for row in payments if row.goods == "physical"]
    unmoved = sum(not row.shipped for row in physical)
    sums = {"gross_amount": gross, "illegal_gain": gain["value"], "overdue_principal": overdue}
    return {
        "currency": money.currency, "gross_amount": gross, "n_txn": len(payments), "n_payers": len(users),
        "n_merchants": len({row.merchant_id for row in rows if row.merchant_id is not None}),
        "fee_rate_est": fee, "illegal_gain": gain, "overdue_principal": overdue, "overdue_users": overdue_users,
        "window": _window(rows), "no_logistics_ratio": round(unmoved / len(physical), 4) if physical else None,
        "refund_route": _routes(rows), "prior_cases": _prior(connection, number),
        "roles": _roles(rows, users), "lines": lines_met(money.currency, sums), "dedupe_note": _NOTE,
        "not_in_the_log": list(_UNKNOWN),
    }  # fmt: skip


def _fees(rows: Sequence[Any], gross: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was kept of the money of loops that closed: its rate between the least and the most, and the sum."""
    closed = [(row.loop_amount, row.loop_home) for row in rows if row.loop_amount > 0]
    kept = [max(0, 1 - home / amount) for amount, home in closed]
    fee = {"lo": round(min(kept), 4), "hi": round(max(kept), 4), "method": "observed"} if kept else None
    observed = sum(max(0, amount - home) for amount, home in closed)
    if observed:
        return fee or {}, {"value": observed, "method": "observed"}
    return fee or {"lo": None, "hi": None, "method": "none"}, {"value": gross * GAIN_PER_MILLE // 1_000,
                                                              "method": "0.1%"}  # fmt: skip


def _overdue(connection: Connection, number: int, currency: str | None) -> tuple[int, int]:
    """What users of the case last missed to repay, and how many they are."""
    joined = select(case_overdues.c.amount).join(
        case_subjects, (case_subjects.c.token == case_overdues.c.token) & (case_subjects.c.kind == "user")
    )
    ours = (case_subjects.c.number == number) & (case_overdues.c.currency == currency)
    amounts = list(connection.scalars(joined.where(ours)))
    return sum(amounts), len(amounts)


def _window(rows: Sequence[Any]) -> dict[str, str] | None:
    times = [row.time_ms for row in rows]
    return {"from": show_moment(min(times)), "to": show_moment(max(times))} if times else None


def _routes(rows: Sequence[Any]) -> dict[str, int]:
    """Where money of the case's orders went back to: route -> orders."""
    orders = {row.order_id: row.refund_to for row in rows if row.type == "payment" and row.refund_to is not None}
    found: dict[str, int] = {}
    for route in orders.values():
        found[route] = found.get(route, 0) + 1
    return found


def _prior(connection: Connection, number: int) -> int:
    """How many earlier cases about subjects of this one were decided as cash-out."""
    mine, other = case_subjects, case_subjects.alias("other")
    same = (other.c.kind == mine.c.kind) & (other.c.token == mine.c.token)
    asked = (  # from the few subjects of this case to their cases, along the index, however many cases there are
        select(func.count(func.distinct(cases.c.number)))
        .join_from(mine, other, same)
        .join(cases, cases.c.number == other.c.number)
        .where(mine.c.number == number, mine.c.kind.in_(("user", "merchant")), cases.c.number != number,
               cases.c.state == "decided", cases.c.label == "cash_out")
    )  # fmt: skip
    return connection.scalar(asked) or 0


def _roles(rows: Sequence[Any], users: Sequence[str]) -> dict[str, int]:
    merchants = {row.merchant_id for row in rows if row.merchant_id is not None}
    return {"payer": len(users), "merchant": len(merchants)}
