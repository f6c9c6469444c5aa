"""Random features and logs that the window kernel and its twin are played against each other on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from bonafide.core.events import Event, Fact, Login, Payment, PaymentStatus, Refund
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from bonafide.engine.features.spec import NUMERIC_TAKES, Feature
from tests.engine.kit import START_MS, TAKES, specs_of

OVERS = ("1m", "2m", "1h", "24h", "7d", "90d", None)
KEYS: tuple[str | list[str], ...] = (
    "user_id", "merchant_id", "device_id", "pay_with", ["user_id", "merchant_id"],
    ["user_id", "merchant_id", "category"]
)  # fmt: skip
CONDITIONS = (
    None, "goods == 'virtual'", "goods != 'virtual'", "amount > 500", "pay_with == 'credit' and amount < credit_limit",
    "device_id is missing", "device_id == 'd1' or not (goods == 'physical')", "local_hour < 6",
    "credit_used / credit_limit > 0.5", "category in ['c0', 'c2']",
)  # fmt: skip
OF = {
    **dict.fromkeys(("distinct", "entropy"), ("merchant_id", "user_id", "amount", "order_id", "local_day", "goods")),
    **dict.fromkeys(("sum", "mean", "min", "max", "last"), ("amount", "credit_used", "instalments", "time")),
    **dict.fromkeys(("std", "zscore"), ("amount", "credit_used", "instalments")),
}
AMOUNTS = st.one_of(st.integers(1, 4).map(lambda n: n * 250), st.integers(10**12 - 3, 10**12), st.integers(1, 10**12))
STEPS = st.one_of(
    st.just(0), st.just(0), st.integers(1, 3).map(lambda n: n * MINUTE_MS), st.integers(0, 90_000),
    st.sampled_from([HOUR_MS, DAY_MS, 7 * DAY_MS, 90 * DAY_MS, HOUR_MS - 1, HOUR_MS + 1, 401 * DAY_MS, 91 * DAY_MS]),
    st.sampled_from([-MINUTE_MS, -1, -HOUR_MS, -2 * HOUR_MS, -DAY_MS, -29 * DAY_MS, -30 * DAY_MS, -40 * DAY_MS]),
)  # fmt: skip


@st.composite
def features(draw: st.DrawFn) -> tuple[Feature, ...]:
    """One to twenty-four features of payments, of refunds, or of both."""
    found = []
    for _ in range(draw(st.integers(1, 24))):
        take = draw(st.sampled_from(TAKES))
        events: Any = (
            "payment" if take == "share" else draw(st.sampled_from(["payment", "refund", ["payment", "refund"]]))
        )
        paid = events == "payment"
        of = draw(st.sampled_from([n for n in OF[take] if paid or "payment" not in needs(n)])) if take in OF else None
        where = draw(st.sampled_from(CONDITIONS)) if paid else None
        if take == "share":
            where = where or "goods == 'virtual'"
        by = draw(st.sampled_from([k for k in KEYS if paid or k in ("user_id", "merchant_id")]))
        found.append(
            declared(take, of, by, draw(st.sampled_from(OVERS)), where, events, done=paid and draw(st.booleans()))
        )
    return specs_of(*found)


def needs(field: str) -> tuple[str, ...]:
    """The one type that has a field, when only one of payments and refunds has it."""
    if field not in FIELDS:
        return ()
    types = [t for t in FIELDS[field].types if t in {"payment", "refund"}]
    return tuple(types) if len(types) == 1 else ()


def declared(
    take: str, of: str | None, by: Any, over: str | None, where: str | None, events: Any, *, done: bool
) -> dict[str, Any]:
    """A declared feature without what is None."""
    told = {"event": events, "by": by, "take": take, "of": of, "over": over, "where": where, "completed": done}
    return {key: value for key, value in told.items() if value is not None}


@st.composite
def one_event(draw: st.DrawFn, number: int, time: int) -> Event:
    """A payment mostly, with few ids, so that they meet; now and then its event_id was there before."""
    event_id = f"e{draw(st.one_of(st.just(number), st.just(number), st.just(number), st.integers(0, number)))}"
    user, merchant = f"u{draw(st.integers(0, 2))}", f"m{draw(st.integers(0, 2))}"
    kind = draw(st.sampled_from(["payment"] * 6 + ["refund", "status", "status", "login"]))
    if kind == "payment":
        return Payment(
            event_id=event_id, time=time, user_id=user, merchant_id=merchant, order_id=f"o{draw(st.integers(0, 60))}",
            amount=draw(AMOUNTS), currency=draw(st.sampled_from(["CNY", "CNY", "CNY", "USD"])),
            credit_limit=draw(st.sampled_from([None, 0, 1000, 10**12])),
            credit_used=draw(st.one_of(st.none(), st.integers(0, 1000))),
            device_id=draw(st.sampled_from([None, "d1", "d2"])),
            goods=draw(st.sampled_from([None, "virtual", "physical"])),
            pay_with=draw(st.sampled_from(["credit", "card"])), category=draw(st.sampled_from([None, "c0", "c1"])),
            instalments=draw(st.sampled_from([None, 1, 12])),
        )  # fmt: skip
    if kind == "refund":
        return Refund(event_id=event_id, time=time, user_id=user, merchant_id=merchant, order_id="o",
                      amount=draw(AMOUNTS), currency="CNY")  # fmt: skip
    if kind == "status":
        return PaymentStatus(
            event_id=event_id, time=time, user_id=user, merchant_id=merchant, order_id="o",
            payment_id=f"e{draw(st.integers(max(0, number - 6), number + 3))}",
            status=draw(st.sampled_from(["completed", "completed", "cancelled"])),
        )  # fmt: skip
    return Login(event_id=event_id, time=time, subject_type="user", subject_id=user, device_id="d1")


@st.composite
def logs(draw: st.DrawFn, most: int = 90) -> list[Fact]:
    """Up to `most` events: ties, exact windows apart, late by up to more than the lateness, after long silences."""
    time, log = START_MS, []
    for number in range(draw(st.integers(1, most))):
        step = draw(STEPS)
        log.append(draw(one_event(number, max(0, time + step))))
        time = max(time, time + step)
    return log


# ---- long logs, from a seed: the same seed gives the same beginning


def seeded_log(rng: random.Random, count: int, *, hot: bool) -> list[Fact]:
    """A long log; a hot one has one user and one merchant and moves by seconds, so that rings grow and shrink."""
    time, log = START_MS, []
    for number in range(count):
        step = _hot_step(rng) if hot else _wide_step(rng)
        log.append(_seeded_event(rng, number, max(0, time + step), ids=1 if hot else 3))
        time = max(time, time + step)
    return log


def _hot_step(rng: random.Random) -> int:
    kind = rng.random()
    if kind < 0.3:
        return 0
    if kind < 0.8:
        return rng.choice((SECOND_MS, MINUTE_MS, rng.randrange(90_000), rng.randrange(90_000)))
    if kind < 0.97:
        return -rng.choice((1, MINUTE_MS, rng.randrange(20 * MINUTE_MS), rng.randrange(2 * HOUR_MS)))
    return rng.choice((HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, DAY_MS))


def _wide_step(rng: random.Random) -> int:
    return rng.choice(
        (0, 0, MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, -DAY_MS, -HOUR_MS, 30 * DAY_MS if rng.random() < 0.1 else 0)
    )


def _seeded_event(rng: random.Random, number: int, time: int, ids: int) -> Event:
    event_id = f"e{number if rng.random() < 0.95 else rng.randrange(number + 1)}"
    who = {"user_id": f"u{rng.randrange(ids)}", "merchant_id": f"m{rng.randrange(ids)}"}
    kind = rng.random()
    if kind < 0.7:
        amount = rng.choice((250, 500, 10**12, 10**12 - 1, rng.randrange(1, 10**12), rng.randrange(1, 5000)))
        return Payment(
            event_id=event_id, time=time, **who, order_id=f"o{rng.randrange(60)}", amount=amount,
            currency="USD" if rng.random() < 0.1 else "CNY", credit_limit=rng.choice((None, 0, 1000, 10**12)),
            credit_used=rng.choice((None, rng.randrange(1000))), device_id=rng.choice((None, "d1", "d2")),
            goods=rng.choice((None, "virtual", "physical")), pay_with=rng.choice(("credit", "card")),
            category=rng.choice((None, "c0", "c1")), instalments=rng.choice((None, 1, 12)),
        )  # fmt: skip
    if kind < 0.8:
        return Refund(
            event_id=event_id, time=time, **who, order_id=f"o{rng.randrange(60)}", amount=rng.randrange(1, 9999),
            currency="CNY",
        )  # fmt: skip
    if kind < 0.95:
        paid = f"e{max(0, number - rng.randrange(-3, 20))}"
        state: Any = rng.choice(("completed", "completed", "cancelled"))
        return PaymentStatus(event_id=event_id, time=time, **who, order_id="o", payment_id=paid, status=state)
    return Login(event_id=event_id, time=time, subject_type="user", subject_id=who["user_id"], device_id="d1")


def seeded_features(rng: random.Random, count: int) -> tuple[Feature, ...]:
    """Features of payments, of every take in turn; half the time with short windows only, so that rings turn over."""
    found = []
    overs: tuple[str | None, ...] = rng.choice((OVERS, ("1m", "2m", "20m", "1h")))
    for number in range(count):
        take = TAKES[(number + rng.randrange(2)) % len(TAKES)]
        where = rng.choice(CONDITIONS)
        if take == "share":
            where = where or "goods == 'virtual'"
        of = rng.choice(OF[take]) if take in OF else None
        found.append(
            declared(take, of, rng.choice(KEYS), rng.choice(overs), where, "payment", done=rng.random() < 0.4)
        )  # fmt: skip
    return specs_of(*found)


# ---- the whole schema


@st.composite
def any_features(draw: st.DrawFn, types: Sequence[str]) -> tuple[Feature, ...]:
    """Features of any of these event types, by any of their keys, of any of their fields."""
    found = []
    for _ in range(draw(st.integers(1, 8))):
        events = draw(st.lists(st.sampled_from(types), min_size=1, max_size=2, unique=True))
        fields = [f for f in FIELDS.values() if set(f.types) & set(events)]
        keys = [f.name for f in fields if f.kind in {"text", "word"} and f.name != "event_id"]
        by = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=min(3, len(keys)), unique=True))
        take = draw(st.sampled_from(TAKES))
        where = _condition(draw, events) if take == "share" or draw(st.booleans()) else None
        found.append(
            declared(take, _of(draw, take, events), by, draw(st.sampled_from(OVERS)), where, events, done=False)
        )
    return specs_of(*found)


def _of(draw: st.DrawFn, take: str, events: Sequence[str]) -> str | None:
    fields = [f for f in FIELDS.values() if set(f.types) & set(events)]
    numbers = [f.name for f in fields if f.is_number]
    if take in NUMERIC_TAKES or take == "last":
        exact = [n for n in numbers if take not in {"std", "zscore"} or FIELDS[n].kind != "moment"]
        return draw(st.sampled_from([*exact, "local_hour", "local_day"]))
    if take in {"distinct", "entropy"}:
        return draw(st.sampled_from([f.name for f in fields]))
    return None if take == "count" else draw(st.sampled_from([None, *numbers]))


def _condition(draw: st.DrawFn, events: Sequence[str]) -> str:
    field = draw(st.sampled_from([f for f in FIELDS.values() if set(f.types) & set(events) and f.kind != "list"]))
    if field.is_number:
        return (
            f"{field.name} {draw(st.sampled_from(['<', '>=']))} {draw(st.sampled_from([0.5, 500, START_MS + DAY_MS]))}"
        )
    if field.kind == "flag":
        return draw(st.sampled_from([field.name, f"not {field.name}"]))
    if field.kind == "word":
        return f"{field.name} == {draw(st.sampled_from(field.words))!r}"
    return f"{field.name} is {draw(st.sampled_from(['missing', 'not missing']))}"
