"""What limits a merchant is admitted with, and how one that is closed is wound down: no amounts, so of any currency.

The platform carries them out; it is told with the review. They end by themselves, and a later review that admits
without limits ends them at once. Where the days and shares come from is in docs/admission.md.
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


NEWCOMER: Final = (Step(0, 7, 0.5, 0.10), Step(14, 3, 0.8, 0.05), Step(45, 1, 1.0, 0.05))
"""The ramp of somebody who has shown nothing yet: each step lets more through than the one before."""
CHANGED: Final = (Step(0, 3, 1.0, 0.05),)
"""Of a merchant who was known, and about whom something has changed."""
ENDS_AFTER_DAYS: Final = {True: 30, False: 90}
"""By whether the merchant was reviewed before."""
RESERVE_DAYS: Final = 30
WIND_DOWN_DAYS: Final = 60
"""How long what is open at a closed merchant may be held back for its buyers."""


def limits_at(made_ms: int, now_ms: int, *, again: bool) -> dict[str, Any] | None:
    """The limits of a review made then that admits with limits, as JSON shows them; None once they have ended.

    >>> limits_at(0, 15 * DAY_MS, again=False)["in_force"]["settle_after_days"]
    3
    >>> limits_at(0, 90 * DAY_MS, again=False) is None
    True
    """
    until_ms = made_ms + ENDS_AFTER_DAYS[again] * DAY_MS
    if now_ms >= until_ms:
        return None
    steps = [(made_ms + one.from_day * DAY_MS, one) for one in (CHANGED if again else NEWCOMER)]
    told = [
        {"from": show_moment(at), "settle_after_days": one.settle_after_days, "pay_later_share": one.pay_later_share,
         "reserve_share": one.reserve_share, "reserve_days": RESERVE_DAYS}
        for at, one in steps
    ]  # fmt: skip
    passed = sum(at <= now_ms for at, _ in steps)
    return {"in_force": told[max(passed - 1, 0)], "steps": told, "until": show_moment(until_ms)}


def wind_down(closed_ms: int) -> dict[str, Any]:
    """How a merchant that two people have closed is wound down, as JSON shows it.

    Nothing new is sold on credit, what was delivered is paid out, and the rest waits for its buyers until an end.
    """
    return {
        "pay_later": "off", "payouts": "delivered_only", "refunds_first": True,
        "hold_rest_until": show_moment(closed_ms + WIND_DOWN_DAYS * DAY_MS),
    }  # fmt: skip
