"""Decisions of a batch as rows of decisions.parquet, and as the canonical lines that a digest is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import SCORE_UNIT
from bonafide.core.moment import MOMENT_MAX
from bonafide.engine.engine import Template

MOMENT: Final = pl.Datetime("ms", "UTC")
_DECISIONS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "seq": pl.Int64, "event_id": pl.String, "time": MOMENT, "type": pl.String, "user_id": pl.String,
    "merchant_id": pl.String, "amount": pl.Int64, "currency": pl.String, "outcome": pl.String,
    "score": pl.Float64, "risk_level": pl.String, "credit_score": pl.Int64, "alert": pl.Boolean,
    "hits": pl.List(pl.String), "reasons": pl.List(pl.String), "measures": pl.List(pl.String),
    "faults": pl.List(pl.String), "bundle": pl.String,
}  # fmt: skip
DECISIONS: Final = pl.Schema(_DECISIONS)
_OF_TEMPLATE: Final = (
    "outcome", "score", "risk_level", "credit_score", "alert", "hits", "reasons", "measures", "faults"
)  # fmt: skip


def decision_rows(
    rows: pl.DataFrame, seq: NDArray[np.int64], chosen: NDArray[np.int64], templates: Sequence[Template], bundle: str
) -> pl.DataFrame:
    """Rows of decisions.parquet for decided `rows`: seq, which of the `templates` was chosen, a value each."""
    table = rows.select(
        pl.Series("seq", seq),
        "event_id", pl.col("time").cast(MOMENT), "type",
        *[_given(rows, name) for name in ("user_id", "merchant_id", "amount", "currency")],
    )  # fmt: skip
    return table.hstack(_template_table(templates)[chosen]).with_columns(bundle=pl.lit(bundle))


def canonical_lines(
    rows: pl.DataFrame, seq: NDArray[np.int64], chosen: NDArray[np.int64], templates: Sequence[Template]
) -> bytes:
    """The canonical encodings of some decisions, a line each, as `Decision.canonical` gives them one by one."""
    tails = [t.tail for t in templates]
    first, second, third, last = (
        pl.Series([t.pieces[i] for t in tails], dtype=pl.String).gather(chosen) for i in range(4)
    )
    until, release = (
        (rows["time"] + pl.Series(spans, dtype=pl.Int64).gather(chosen)).clip(upper_bound=MOMENT_MAX)
        for spans in ([t.lasts_ms for t in tails], [t.hold_ms for t in tails])
    )
    subject = pl.select(
        pl.when(pl.lit(until.is_not_null())).then('"' + pl.lit(_subjects(rows, chosen, templates)) + '"')
    ).to_series()
    parts = ('{"event_id":"', _escaped(rows["event_id"]), '","seq":', pl.Series(seq), ',"time":', rows["time"], ",",
             first, subject, second, until, third, release, last)  # fmt: skip
    joined: str = pl.select(pl.concat_str(*map(pl.lit, parts), ignore_nulls=True).str.join("\n")).item()
    return f"{joined}\n".encode() if rows.height else b""


def _subjects(rows: pl.DataFrame, chosen: NDArray[np.int64], templates: Sequence[Template]) -> pl.Series:
    """The id of each decision's subject; null where it has none."""
    kinds = pl.Series([t.subject_type for t in templates], dtype=pl.String).gather(chosen)
    found = pl.Series([None] * rows.height, dtype=pl.String)
    for kind in ("user", "merchant"):
        if f"{kind}_id" in rows.columns:
            found = _escaped(rows[f"{kind}_id"]).zip_with(kinds == kind, found)
    return found


def _escaped(ids: pl.Series) -> pl.Series:
    """Ids as they stand between quotes in JSON; the door lets no control character in."""
    return ids.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)


def _given(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, DECISIONS[name]).alias(name)


def _template_table(templates: Sequence[Template]) -> pl.DataFrame:
    """What templates say, as the columns of decisions.parquet."""
    rulings = [t.ruling for t in templates]
    return pl.DataFrame(
        {
            "outcome": [r.outcome for r in rulings],
            "score": [t.score_e6 / SCORE_UNIT for t in templates],
            "risk_level": [r.risk_level for r in rulings],
            "credit_score": [None] * len(templates),
            "alert": [r.alert for r in rulings],
            "hits": [list(t.hits) for t in templates],
            "reasons": [[reason.code for reason in t.reasons] for t in templates],
            "measures": [
                [t.ruling.proposal.measure] if t.ruling.proposal and t.subject_type else [] for t in templates
            ],
            "faults": [list(t.faults) for t in templates],
        },
        schema={name: kind for name, kind in DECISIONS.items() if name in _OF_TEMPLATE},
    )
