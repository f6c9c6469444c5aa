"""The window kernel against its plain-Python twin: equal, always."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.events import Event, Fact, Login, Payment, PaymentStatus, Refund
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.features.spec import Feature, parse_features
from bonafide.engine.intake import rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.engine.state import State
from bonafide.engine.codes import ANSWERED, CONFLICT, DUPLICATE, TAKEN, TOO_LATE, V_STATUS
from bonafide.testing.windows_twin import WindowTwin

STATUS = {TAKEN: "taken", DUPLICATE: "duplicate", CONFLICT: "conflict", TOO_LATE: "too-late"}
START_MS = 1_767_225_600_000
SECRET = bytes(range(16))
OVERS = ("1m", "2m", "1h", "24h", "7d", "90d", None)
KEYS = ("user_id", "merchant_id", "device_id", ["user_id", "merchant_id"])
CONDITIONS = (
    None, "goods == 'virtual'", "goods != 'virtual'", "amount > 500", "pay_with == 'credit' and amount < credit_limit",
    "device_id is missing", "device_id == 'd1' or not (goods == 'physical')", "local_hour < 6",
    "credit_used / credit_limit > 0.5", "category in ['c0', 'c2']",
)  # fmt: skip


def declared(take: str, of: str | None, by: object, over: str | None, where: str | None, events: object, done: bool):
    feature = {"event": events, "by": by, "take": take, "of": of, "over": over, "where": where, "completed": done}
    return {k: v for k, v in feature.items() if v is not None}


@st.composite
def features(draw: st.DrawFn) -> tuple[Feature, ...]:
    found = []
    for number in range(draw(st.integers(1, 24))):
        take = draw(
            st.sampled_from(
                ["count", "sum", "mean", "std", "min", "max", "distinct", "share", "entropy", "zscore", "last",
                 "seconds_since_last", "seconds_since_first"]
            )
        )  # fmt: skip
        events = draw(st.sampled_from(["payment", "payment", "refund", ["payment", "refund"]]))
        numeric = ["amount"] if events != "payment" else ["amount", "credit_used", "instalments", "time"]
        if take in {"distinct", "entropy"}:
            of = draw(st.sampled_from(["merchant_id", "user_id", "amount", "order_id", "local_day"]))
        elif take == "last" or take in {"sum", "mean", "min", "max"}:
            of = draw(st.sampled_from(numeric))
        elif take in {"std", "zscore"}:
            of = draw(st.sampled_from([n for n in numeric if n != "time"]))
        else:
            of = None
        where = draw(st.sampled_from(CONDITIONS)) if events == "payment" else None
        if take == "share":
            where, events = where or "goods == 'virtual'", "payment"
        item = declared(
            take, of, draw(st.sampled_from(KEYS if events == "payment" else ("user_id", "merchant_id"))),
            draw(st.sampled_from(OVERS)), where, events, events == "payment" and draw(st.booleans()),
        )  # fmt: skip
        found.append({"name": f"f{number}", **item})
    return parse_features(found, "test")


AMOUNTS = st.one_of(st.integers(1, 4).map(lambda n: n * 250), st.integers(10**12 - 3, 10**12), st.integers(1, 10**12))
STEPS = st.one_of(
    st.just(0), st.just(0), st.integers(1, 3).map(lambda n: n * MINUTE_MS), st.integers(0, 90_000),
    st.sampled_from([HOUR_MS, DAY_MS, 7 * DAY_MS, 90 * DAY_MS, HOUR_MS - 1, HOUR_MS + 1, 401 * DAY_MS, 91 * DAY_MS]),
    st.sampled_from([-MINUTE_MS, -1, -HOUR_MS, -2 * HOUR_MS, -DAY_MS, -29 * DAY_MS, -30 * DAY_MS, -40 * DAY_MS]),
)  # fmt: skip


@st.composite
def one_event(draw: st.DrawFn, number: int, time: int) -> Event:
    event_id = f"e{draw(st.one_of(st.just(number), st.just(number), st.just(number), st.integers(0, number)))}"
    user, merchant = f"u{draw(st.integers(0, 2))}", f"m{draw(st.integers(0, 2))}"
    kind = draw(st.sampled_from(["payment"] * 6 + ["refund", "status", "status", "login"]))
    if kind == "payment":
        return Payment(
            event_id=event_id, time=time, user_id=user, merchant_id=merchant, order_id=f"o{draw(st.integers(0, 60))}",
            amount=draw(AMOUNTS), currency=draw(st.sampled_from(["CNY", "CNY", "CNY", "USD"])),
            credit_limit=draw(st.sampled_from([None, 0, 1000, 10**12])),
            credit_used=draw(st.one_of(st.none(), st.integers(0, 1000))),
            device_id=draw(st.sampled_from([None, "d1", "d2"])), goods=draw(st.sampled_from([None, "virtual", "physical"])),
            pay_with=draw(st.sampled_from(["credit", "card"])), category=draw(st.sampled_from([None, "c0", "c1"])),
            instalments=draw(st.sampled_from([None, 1, 12])),
        )  # fmt: skip
    if kind == "refund":
        return Refund(event_id=event_id, time=time, user_id=user, merchant_id=merchant, order_id="o", amount=draw(AMOUNTS),
                      currency="CNY")  # fmt: skip
    if kind == "status":
        return PaymentStatus(
            event_id=event_id, time=time, user_id=user, merchant_id=merchant, order_id="o",
            payment_id=f"e{draw(st.integers(max(0, number - 6), number + 3))}",
            status=draw(st.sampled_from(["completed", "completed", "cancelled"])),
        )  # fmt: skip
    return Login(event_id=event_id, time=time, subject_type="user", subject_id=user, device_id="d1")


@st.composite
def logs(draw: st.DrawFn, most: int = 90) -> list[Fact]:
    time, log = START_MS, []
    for number in range(draw(st.integers(1, most))):
        step = draw(STEPS)
        log.append(draw(one_event(number, max(0, time + step))))
        time = max(time, time + step)
    return log


def play(specs: Sequence[Feature], log: Sequence[Fact], chunk: int) -> None:
    """Feed a log to both, `chunk` events a call, and compare every answer."""
    settings = Settings(currency="CNY", offset_ms=8 * HOUR_MS)
    kernels = load_kernels()
    state = State(compile_bundle(specs, [], settings), SECRET, kernels)
    twin = WindowTwin(specs, currency="CNY", offset_ms=8 * HOUR_MS)
    for first in range(0, len(log), chunk):
        part = log[first : first + chunk]
        rows = rows_of_events(part, kernels, state.bound.key)
        walked = state.walk(rows, np.full(len(part), ANSWERED))
        for event, answers, verdict in zip(part, walked.answers, walked.verdicts, strict=True):
            status, expected = twin.feed(event)
            assert STATUS[int(verdict[V_STATUS])] == status, event
            for i, feature in enumerate(specs if status == "taken" else ()):
                want, got = expected[feature.name], float(answers[i])
                if feature.take == "entropy" and want is not None:
                    assert got == pytest.approx(want, abs=1e-12), (feature, event)
                else:
                    assert (want is None and math.isnan(got)) or got == want, (feature, event, got, want)


@given(features(), logs(), st.sampled_from([1, 7, 1000]))
def test_kernel_equals_twin(specs: tuple[Feature, ...], log: list[Fact], chunk: int) -> None:
    play(specs, log, chunk)
