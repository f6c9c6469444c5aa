"""Random histories: what happens to a user and a merchant over some months, as a log."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from bonafide.core.events import (
    AppealStatus,
    Fact,
    Group,
    Indicator,
    InformationAnswered,
    MeasureStatus,
    Payment,
    Payout,
    Tick,
    Verdict,
)  # fmt: skip
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.testing.ladder.playground import hits

START_MS: Final = 1_767_225_600_000
"""2026-01-01 UTC."""
LENGTH_MAX: Final = 30
_GAPS: Final = (0, MINUTE_MS, HOUR_MS, 5 * HOUR_MS, 26 * HOUR_MS, 80 * HOUR_MS, 9 * DAY_MS, 40 * DAY_MS)
"""How long until the next record: within an episode, beyond it, beyond a machine's time, beyond a term."""
STEADY: Final = 0.15
"""Of so many histories the same is found again and again, in small amounts and short turn, as of somebody who goes on:
of most of it nothing follows."""
STEADY_LENGTH_MAX: Final = 70
_AGAIN: Final = 0.8
_PEOPLE: Final = ("ann", "bo", None)
_MEASURES: Final = {
    "user": ("notice", "limit_credit", "freeze_credit", "refer"),
    "merchant": ("request_information", "hold_reserve", "suspend_merchant", "refer"),
}


class History:
    """One history in the making: it is told what was proposed, so that later records can be about it."""

    def __init__(self, number: int, chance: Random) -> None:
        self.user, self.merchant = f"u{number}", f"m{number}"
        self._number, self._chance, self._made = number, chance, 0
        self.time = START_MS + chance.randrange(30 * DAY_MS)
        self._events: list[str] = []
        self._measures: list[tuple[str, str, str]] = []
        """Name, measure and kind of subject of what was proposed."""
        self._steady = chance.random() < STEADY
        self._found: dict[str, Any] = {}
        """By what the last payment was found."""

    def events(self) -> Iterator[Fact]:
        """The records, each made when it is asked for."""
        for _ in range(self._chance.randint(3, STEADY_LENGTH_MAX if self._steady else LENGTH_MAX)):
            yield self.next()

    def note(self, measure_id: str, measure: str, kind: str) -> None:
        """Remember a proposal."""
        if measure_id:
            self._measures.append((measure_id, measure, kind))

    def next(self) -> Fact:
        """The next record."""
        chance = self._chance
        again = self._steady and chance.random() < _AGAIN
        self.time += chance.choice(_GAPS[:3] if again else _GAPS)
        make = History._again if again else chance.choices(_MAKERS, _WEIGHTS)[0]
        self._made += 1
        late = chance.random() < 0.1
        told = {
            "event_id": f"h{self._number}-{self._made}",
            "time": max(self.time - chance.choice((HOUR_MS, DAY_MS, 5 * DAY_MS)), START_MS) if late else self.time,
        }
        return make(self, told)

    def _subject(self) -> dict[str, Any]:
        if self._chance.random() < 0.65:
            return {"subject_type": "user", "subject_id": self.user}
        return {"subject_type": "merchant", "subject_id": self.merchant}

    def _again(self, told: dict[str, Any]) -> Fact:
        return self._pay(told, self._chance.randint(1, 900))

    def _payment(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        found: dict[str, Any] = {}
        if chance.random() < 0.65:
            more = chance.choice((None, None, "told", chance.choice(TYPOLOGIES)))
            found = dict(hits(chance.choice(TYPOLOGIES), more, strict=chance.choice((None, "verify", "hold"))))
        elif chance.random() < 0.2:
            found = {"traffic_source": "told"}
        self._found = found
        return self._pay(told, chance.choice((100, 90_000, 120_000, 3_000_000, 20_000_000)))

    def _pay(self, told: dict[str, Any], amount: int) -> Fact:
        self._events.append(told["event_id"])
        return Payment(
            **told, user_id=self.user, merchant_id=self.merchant, order_id="o", amount=amount, currency="CNY",
            **self._found,
        )  # fmt: skip

    def _payout(self, told: dict[str, Any]) -> Fact:
        return Payout(**told, merchant_id=self.merchant, account_id="a", amount=5_000, currency="CNY")

    def _verdict(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        label: Any = chance.choices(("cash_out", "genuine", "unsure"), (5, 2, 2))[0]
        source: Any = chance.choices(("analyst", "partner", "court", "appeal", "chargeback"), (5, 3, 1, 1, 2))[0]
        grade: Any = chance.choice((None, "suspected", "corroborated", "confirmed", "adjudicated"))
        if chance.random() < 0.3:
            return Verdict(**told, **self._subject(), label=label, source=source, grade=grade)
        known = chance.choice(self._events) if self._events and chance.random() < 0.8 else "unseen"
        named = chance.choice((("user_id",), ("merchant_id",), ("merchant_id", "user_id")))
        who: dict[str, Any] = {"user_id": self.user, "merchant_id": self.merchant}
        return Verdict(
            **told, subject_type="event", subject_id=f"{known}", label=label, source=source, grade=grade,
            **{name: who[name] for name in named},
        )  # fmt: skip

    def _indicator(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        return Indicator(
            **told, **self._subject(), indicator_id=f"i{chance.randrange(3)}", typology="broker_ring",
            confidence=chance.choice((0.2, 0.9)), valid_until=self.time + chance.choice((DAY_MS, 30 * DAY_MS)),
            status=chance.choice(("active", "active", "revoked")),
        )  # fmt: skip

    def _group(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        return Group(
            **told, **self._subject(), group_id="g", method="leiden", score=chance.choice((0.1, 0.8)),
            valid_until=self.time + chance.choice((DAY_MS, 20 * DAY_MS)),
        )  # fmt: skip

    def _status(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        by = chance.choice(_PEOPLE)
        status: Any = chance.choices(
            ("proposed", "applied", "confirmed", "expired", "lifted", "refused"), (1, 5, 5, 1, 1, 1)
        )[0]  # fmt: skip
        name, measure, subject = self._a_measure()
        if measure == "refer" and by is None:
            by = "ann"
        kind: Any = measure
        until = chance.choice((None, None, self.time + chance.choice((HOUR_MS, 5 * DAY_MS, 200 * DAY_MS))))
        return MeasureStatus(**told, **subject, measure_id=name, measure=kind, status=status, until=until, by=by)

    def _answered(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        name, _, subject = self._a_measure()
        answer: Any = chance.choice(("satisfactory", "satisfactory", "partial", "unsatisfactory"))
        asked = chance.choice((None, None, None, True, False))
        return InformationAnswered(**told, **subject, measure_id=name, answer=answer, human_only=asked, by="bo")

    def _appeal(self, told: dict[str, Any]) -> Fact:
        chance = self._chance
        name, _, subject = self._a_measure()
        status: Any = chance.choice(("submitted", "upheld", "upheld", "rejected", "withdrawn"))
        asked = chance.choice((None, None, True, False))
        named = None if chance.random() < 0.2 else name
        return AppealStatus(**told, **subject, appeal_id="p", measure_id=named, status=status, human_only=asked)

    def _tick(self, told: dict[str, Any]) -> Fact:
        return Tick(**told)

    def _a_measure(self) -> tuple[str, str, dict[str, Any]]:
        """One that was proposed, or one that somebody else brought up."""
        chance = self._chance
        if self._measures and chance.random() < 0.85:
            name, measure, kind = chance.choice(self._measures[-4:])
            return name, measure, {"subject_type": kind, "subject_id": self.user if kind == "user" else self.merchant}
        subject = self._subject()
        return f"own{chance.randrange(3)}", chance.choice(_MEASURES[subject["subject_type"]]), subject


_MAKERS: Final = (
    History._payment, History._payout, History._verdict, History._indicator, History._group, History._status,
    History._answered, History._appeal, History._tick,
)  # fmt: skip
_WEIGHTS: Final = (45, 5, 10, 4, 4, 18, 6, 5, 3)
