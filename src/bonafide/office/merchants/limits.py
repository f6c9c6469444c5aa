"""What limits a merchant is admitted with, and how one that is closed is wound down: no amounts, so of any currency.

The platform carries them out; it is told with the review. The engine holds payouts beyond them: each step has a list
there, which rules of the shipped bundle read. They end by themselves, and a person who admits without limits ends them
at once. Where the days and shares come from is in docs/admission.md.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from bonafide.core.moment import DAY_MS, show_moment


class Step(NamedTuple):
    """What holds from a day after the review on."""

    from_day: int
    settle_after_days: int
    """A sale is paid out so many days after it."""
    pay_later_share: float
    """Of a day's sales, how much may be paid later, 0..1; 1 is all."""
    reserve_share: float
    """Of each payout, how much stays behind, 0..1, until `RESERVE_DAYS` later."""
    list: str
    """On which list of the engine the merchant stands until the step ends."""


NEWCOMER: Final = (
    Step(0, 7, 0.5, 0.10, "new_14d"), Step(14, 3, 0.8, 0.05, "new_45d"), Step(45, 1, 1.0, 0.05, "new_90d"),
)  # fmt: skip
"""The ramp of somebody who has shown nothing yet: each step lets more through than the one before."""
CHANGED: Final = (Step(0, 3, 1.0, 0.05, "changed_30d"),)
"""Of a merchant who was known, and about whom something has changed."""
ENDS_AFTER_DAYS: Final = {True: 30, False: 90}
"""By whether the merchant was known, which is: admitted before, and not on a newcomer's ramp any more."""
RESERVE_DAYS: Final = 30
WIND_DOWN_DAYS: Final = 60
"""How long what is open at a closed merchant may be held back for its buyers."""


def limits_at(since_ms: int, now_ms: int, *, known: bool) -> dict[str, Any] | None:
    """The limits that began then with a review that admits with limits, as JSON shows them; None once they have ended.

    >>> limits_at(0, 15 * DAY_MS, known=False)["in_force"]["settle_after_days"]
    3
    >>> limits_at(0, 90 * DAY_MS, known=False) is None
    True
    """
    until_ms = since_ms + ENDS_AFTER_DAYS[known] * DAY_MS
    if now_ms >= until_ms:
        return None
    steps = [(since_ms + one.from_day * DAY_MS, one) for one in _steps(known)]
    told = [
        {"from": show_moment(at), "settle_after_days": one.settle_after_days, "pay_later_share": one.pay_later_share,
         "reserve_share": one.reserve_share, "reserve_days": RESERVE_DAYS}
        for at, one in steps
    ]  # fmt: skip
    passed = sum(at <= now_ms for at, _ in steps)
    return {"in_force": told[max(passed - 1, 0)], "steps": told, "until": show_moment(until_ms)}


def lists_at(since_ms: int, now_ms: int, *, known: bool) -> dict[str, int]:
    """The engine's lists that such a merchant is on now, each with its end. Every step is milder than the one before,
    so that a merchant may stand on the lists of all of them from the beginning.

    >>> lists_at(0, 15 * DAY_MS, known=False) == {"new_45d": 45 * DAY_MS, "new_90d": 90 * DAY_MS}
    True
    """
    steps = _steps(known)
    ends = [*(one.from_day for one in steps[1:]), ENDS_AFTER_DAYS[known]]
    until = {one.list: since_ms + day * DAY_MS for one, day in zip(steps, ends, strict=True)}
    return {name: end for name, end in until.items() if end > now_ms}


def _steps(known: bool) -> tuple[Step, ...]:
    return CHANGED if known else NEWCOMER


def wind_down(closed_ms: int) -> dict[str, Any]:
    """How a merchant that two people have closed is wound down, as JSON shows it.

    Nothing new is sold on credit, what was delivered is paid out, and the rest waits for its buyers until an end.
    """
    return {
        "pay_later": "off", "payouts": "delivered_only", "refunds_first": True,
        "hold_rest_until": show_moment(closed_ms + WIND_DOWN_DAYS * DAY_MS),
    }  # fmt: skip
