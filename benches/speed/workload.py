"""The 14-feature workload: payments, refunds and logins over about 30 days, and the windows asked of every event.

Events are a polars frame of flat records, as a reader of files hands them over: text ids, times and money as integers,
null where a field is absent. Amounts of events and keys keep their proportions at every size, so that a short run has
the shape of the long one.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.features.spec import Feature, parse_features

EVENTS: Final = 1_000_000
USERS_FRACTION: Final = 0.1
MERCHANTS_FRACTION: Final = 0.005
DEVICES_FRACTION: Final = 0.06
BUSIEST_FRACTION: Final = 0.11
"""Events at the busiest merchant; the others share the rest evenly."""
REFUND_FRACTION: Final = 0.05
LOGIN_FRACTION: Final = 0.01
LATE_FRACTION: Final = 0.01
LATE_MS: Final = 2 * HOUR_MS
AMOUNT_MINOR: Final = (100, 100_000)
START_MS: Final = 1_767_225_600_000
SPAN_MS: Final = 30 * DAY_MS
SEED: Final = 14
CURRENCY: Final = "CNY"


class Window(NamedTuple):
    """One feature of the workload: what is taken of the payments of a key over the last `over`."""

    by: str
    take: str
    of: str | None
    over: str

    @property
    def name(self) -> str:
        """Its column, such as user_id_distinct_merchant_id_24h."""
        return "_".join(filter(None, (self.by, self.take, self.of, self.over)))


_PLAIN: Final = (("count", None), ("sum", "amount"))
WINDOWS: Final = (
    *[Window("user_id", take, of, over) for over in ("1h", "24h", "7d") for take, of in _PLAIN],
    Window("user_id", "distinct", "merchant_id", "24h"),
    *[Window("merchant_id", take, of, over) for over in ("1h", "24h") for take, of in _PLAIN],
    Window("merchant_id", "distinct", "user_id", "24h"),
    Window("device_id", "count", None, "24h"),
    Window("device_id", "distinct", "user_id", "24h"),
)  # fmt: skip


def features() -> tuple[Feature, ...]:
    """The workload's windows as the engine's features, in the order of WINDOWS."""
    declared: list[dict[str, Any]] = [
        {"name": w.name, "event": "payment", "by": w.by, "take": w.take, "over": w.over}
        | ({"of": w.of} if w.of else {})
        for w in WINDOWS
    ]
    return parse_features(declared, "workload")


def make_events(count: int, *, late: bool = False) -> pl.DataFrame:
    """`count` events in log order, a row each; the same for the same arguments.

    Times grow strictly, so that a library that orders by time alone can answer. With `late`, LATE_FRACTION of the
    events carry a time that lies up to LATE_MS earlier.
    """
    rng = np.random.Generator(np.random.PCG64(SEED))
    kind = rng.random(count)
    refund, login = kind < REFUND_FRACTION, kind >= 1 - LOGIN_FRACTION
    time = START_MS + np.sort(rng.integers(0, SPAN_MS, count))
    place = np.arange(count)
    time = np.maximum.accumulate(time - place) + place
    user = rng.integers(0, max(1, round(count * USERS_FRACTION)), count)
    merchants = max(2, round(count * MERCHANTS_FRACTION))
    merchant = np.where(rng.random(count) < BUSIEST_FRACTION, 0, rng.integers(1, merchants, count))
    device = rng.integers(0, max(1, round(count * DEVICES_FRACTION)), count)
    amount = rng.integers(*AMOUNT_MINOR, count)
    if late:
        moved = rng.random(count) < LATE_FRACTION
        time = np.where(moved, time - rng.integers(1, LATE_MS, count), time)
    trade = pl.lit(pl.Series(~login))
    return pl.DataFrame({"place": place, "time": time, "user": user, "merchant": merchant, "device": device}).select(
        type=pl.lit(pl.Series(np.where(refund, "refund", np.where(login, "login", "payment")))),
        event_id=_ids("e", "place"),
        time="time",
        user_id=pl.when(trade).then(_ids("u", "user")),
        merchant_id=pl.when(trade).then(_ids("m", "merchant")),
        order_id=pl.when(trade).then(_ids("o", "place")),
        device_id=pl.when(pl.lit(pl.Series(~refund))).then(_ids("d", "device")),
        amount=pl.when(trade).then(pl.lit(pl.Series(amount))),
        currency=pl.when(trade).then(pl.lit(CURRENCY)),
        subject_type=pl.when(~trade).then(pl.lit("user")),
        subject_id=pl.when(~trade).then(_ids("u", "user")),
    )


def _ids(letter: str, column: str) -> pl.Expr:
    return pl.lit(letter) + pl.col(column).cast(pl.String).str.zfill(11)
