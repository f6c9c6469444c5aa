"""What is known of a simulated run: base rates, measured from the files that it wrote, and what its books say."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl
from msgspec import Struct

from bonafide.core.moment import DAY_MS
from bonafide.lab.log_files import scan_log

EVENTS: Final = "events.parquet"
TRUTH: Final = "truth.parquet"
SUBJECTS: Final = "subjects.parquet"
LOOPS: Final = "loops.parquet"
FLOWS: Final = "flows.parquet"
PAGE: Final = "README.md"


class BaseRates(Struct, frozen=True, kw_only=True):
    """What a run holds. Money is in minor units; payments count once, however often they were sent."""

    events: int
    """Rows of events.parquet, messages sent twice included."""
    by_type: dict[str, int]
    """Type -> rows, the most frequent first."""
    payments: int
    payments_sent_twice: int
    credit_payments: int
    money: int
    """Of all payments."""
    credit_money: int
    """Of those on credit."""
    users: int
    merchants: int
    cash_out_payments: int
    cash_out_credit_money: int
    cash_out_users: int
    """Who made a cash-out payment."""
    cash_out_merchants: int
    """Who took one."""
    typologies: dict[str, int]
    """Typology -> cash-out payments."""
    lookalikes: dict[str, int]
    """Kind of honest trade that looks like cash-out -> payments."""
    loops: int
    """Cash-out payments whose cash came home before the log ended."""
    loops_visible: int
    """Those of which the platform saw every step that the cash took."""
    loops_advanced: int
    """Visible ones that the shop gave before it was paid out what the payment brought."""
    loops_returned: int
    """Money that came home."""
    flows: dict[str, int]
    """Kind of honest money that looks like it -> payments."""
    labels: dict[str, int]
    """Source -> payments whose label arrived from it."""
    labels_wrong: int
    """Labels that arrived and do not agree with the truth."""
    label_delay_days_p50: float | None
    """Median from the payment to its label; None where no label arrived."""
    bills_late: int
    """Repayments after their due day."""
    bills_missed: int
    users_who_missed: int
    lines_closed: int


class Written(Struct, frozen=True, kw_only=True):
    """One run that was written, JSON-ready; money is in minor units."""

    scenario: str
    says: str
    seed: int
    users: int
    merchants: int
    days: int
    command: str
    """What makes the same files again."""
    rates: BaseRates
    flows: dict[str, int]
    """Purpose -> what was moved for it, the largest first."""
    balances: dict[str, int]
    """Who holds how much at the end; money is only ever moved, so that all of them sum to zero."""


def measure(folder: Path) -> BaseRates:
    """Measure the run in a folder that holds its log and the four tables of its truth.

    Reads the log piece by piece; a few columns of all payments are held at once, about 100 bytes for each.
    """
    log = scan_log(folder / EVENTS)
    truth = pl.read_parquet(folder / TRUTH)
    by_type = dict(log.group_by("type").len().sort("len", "type", descending=[True, False]).collect().iter_rows())
    subjects = pl.read_parquet(folder / SUBJECTS).group_by("subject_type").len()
    members: dict[str, int] = dict(subjects.iter_rows())
    bad = truth.filter(label=1)
    return BaseRates(
        events=sum(by_type.values()),
        by_type=by_type,
        payments=truth.height,
        payments_sent_twice=by_type.get("payment", 0) - truth.height,
        users=members.get("user", 0),
        merchants=members.get("merchant", 0),
        cash_out_payments=bad.height,
        cash_out_users=bad["user_id"].n_unique(),
        cash_out_merchants=bad["merchant_id"].n_unique(),
        typologies=_counts(bad["typology"]),
        lookalikes=_counts(truth.filter(label=0)["typology"]),
        **_returns(folder),
        **_money(log, truth),
        **_bills(log),
    )


def _returns(folder: Path) -> dict[str, Any]:
    """What came back of cash-out, and of honest payments."""
    loops = pl.read_parquet(folder / LOOPS)
    visible = loops.filter("visible")
    return {
        "loops": loops.height,
        "loops_visible": visible.height,
        "loops_advanced": visible.filter("advanced").height,
        "loops_returned": int(loops["returned"].sum()),
        "flows": _counts(pl.read_parquet(folder / FLOWS)["kind"]),
    }


def _money(log: pl.LazyFrame, truth: pl.DataFrame) -> dict[str, Any]:
    """What was paid, how much of it on credit, and how long labels took to arrive."""
    sent = log.filter(type="payment").select("event_id", "time", "amount", credit=pl.col("pay_with") == "credit")
    paid = sent.unique("event_id").join(truth.lazy(), on="event_id").collect()
    credit, known = paid.filter("credit"), paid.filter(pl.col("known_at").is_not_null())
    delay = (known["known_at"].dt.epoch("ms") - known["time"]).median()
    return {
        "credit_payments": credit.height,
        "money": int(paid["amount"].sum()),
        "credit_money": int(credit["amount"].sum()),
        "cash_out_credit_money": int(credit.filter(label=1)["amount"].sum()),
        "labels": _counts(known["observed_source"]),
        "labels_wrong": int((known["observed_label"] != known["label"]).sum()),
        "label_delay_days_p50": None if delay is None else round(float(delay) / DAY_MS, 2),  # type: ignore[arg-type]
    }


def _bills(log: pl.LazyFrame) -> dict[str, Any]:
    """How bills were paid, and lines that were closed."""
    kept = log.filter(pl.col("type").is_in(["repayment", "credit_line"])).select(
        "event_id", "user_id", "status", "reason"
    )
    events = kept.unique("event_id").collect()
    missed = events.filter(status="missed")
    return {
        "bills_late": events.filter(status="late").height,
        "bills_missed": missed.height,
        "users_who_missed": missed["user_id"].n_unique(),
        "lines_closed": events.filter(reason="close").height,
    }


def _counts(names: pl.Series) -> dict[str, int]:
    """Name -> how often, the most frequent first; what has no name is not counted."""
    counted = names.drop_nulls().value_counts().sort("count", names.name, descending=[True, False])
    return dict(counted.iter_rows())
