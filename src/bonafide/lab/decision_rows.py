"""Decisions of a batch as rows of decisions.parquet, and as the canonical lines that a digest is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import polars as pl

from bonafide.core.decision import SCORE_UNIT, Loop
from bonafide.core.moment import MOMENT_MAX
from bonafide.engine.batch import Decided, Shadow
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.templates import Template, as_json

MOMENT: Final = pl.Datetime("ms", "UTC")
_DECISIONS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "seq": pl.Int64, "event_id": pl.String, "time": MOMENT, "type": pl.String, "user_id": pl.String,
    "merchant_id": pl.String, "amount": pl.Int64, "currency": pl.String, "outcome": pl.String,
    "score": pl.Float64, "risk_level": pl.String, "credit_score": pl.Int64, "alert": pl.Boolean,
    "hits": pl.List(pl.String), "reasons": pl.List(pl.String), "measures": pl.List(pl.String),
    "faults": pl.List(pl.String), "bundle": pl.String,
    "loops": pl.List(pl.String), "degraded": pl.List(pl.String), "proposals": pl.List(pl.String),
    "arm": pl.String, "shadow_outcome": pl.String, "shadow_score": pl.Float64, "shadow_hits": pl.List(pl.String),
}  # fmt: skip
DECISIONS: Final = pl.Schema(_DECISIONS)
_OF_TEMPLATE: Final = ("outcome", "risk_level", "alert", "hits", "reasons", "faults", "degraded", "bundle", "arm")
OF_EVENT: Final = ("event_id", "time", "type", "user_id", "merchant_id", "amount", "currency")
"""Fields of an event that its decision repeats."""
LINES_MAX: Final = 4_096
"""Lines that are written at a time: few enough that the memory for them is used again and again."""


def decision_rows(rows: pl.DataFrame, decided: Decided, templates: Sequence[Template]) -> pl.DataFrame:
    """Rows of decisions.parquet for decided `rows`."""
    table = rows.select(
        pl.Series("seq", decided.seq),
        "event_id", pl.col("time").cast(MOMENT), "type",
        *[_given(rows, name) for name in ("user_id", "merchant_id", "amount", "currency")],
    )  # fmt: skip
    credit = pl.Series(decided.credit)
    return table.hstack(_template_table(templates)[decided.template]).with_columns(
        score=pl.Series(decided.score_e6 / SCORE_UNIT), credit_score=pl.when(credit > 0).then(credit),
        loops=_text_column({i: _loop_texts(some) for i, some in decided.loops.items()}, len(rows)),
        measures=_text_column({i: _names(some) for i, some in decided.measures.items()}, len(rows)),
        proposals=_text_column({i: _measure_texts(some) for i, some in decided.measures.items()}, len(rows)),
        **_shadow_columns(decided.shadow),
    ).select(DECISIONS.names())  # fmt: skip


def _shadow_columns(shadow: Shadow | None) -> dict[str, pl.Series | pl.Expr]:
    """What a challenger in shadow would have said; null without one."""
    if shadow is None:
        return {name: pl.lit(None, kind) for name, kind in DECISIONS.items() if name.startswith("shadow_")}
    told = _template_table(shadow.templates)[shadow.template]
    score = pl.Series(shadow.score_e6 / SCORE_UNIT)
    return {"shadow_outcome": told["outcome"], "shadow_score": score, "shadow_hits": told["hits"]}


def canonical_lines(rows: pl.DataFrame, decided: Decided, templates: Sequence[Template]) -> Iterator[bytes]:
    """The canonical encodings of some decisions, a line each, as `Decision.canonical` gives them one by one.

    They come in blocks of at most LINES_MAX whole lines.
    """
    loops = _joined("loops", {i: _loop_texts(some) for i, some in decided.loops.items()}, len(rows))
    measures = _joined("measures", {i: _measure_texts(some) for i, some in decided.measures.items()}, len(rows))
    own = (pl.Series("seq", decided.seq), pl.Series("score_e6", decided.score_e6), pl.Series("credit", decided.credit))
    events = rows.select(*own, "event_id", "time", loops, measures).hstack(_tail_table(templates)[decided.template])
    for some in events.iter_slices(LINES_MAX):
        yield some.select(_LINES).item()


def _lines() -> pl.Expr:
    """Lines as one text, from an event's id, seq and time and what its template puts around them."""
    release = (pl.col("time") + pl.col("hold_ms")).clip(upper_bound=MOMENT_MAX)
    credit = pl.when(pl.col("credit") > 0).then(pl.col("credit").cast(pl.String)).otherwise(pl.lit("null"))
    line = pl.concat_str(
        pl.lit('{"event_id":"'), _escaped("event_id"), pl.lit('","seq":'), "seq", pl.lit(',"time":'), "time",
        pl.lit(',"score_e6":'), "score_e6", pl.lit(',"credit_score":'), credit, pl.lit(',"loops":['), "loops",
        pl.lit("],"), "piece_0", "measures", "piece_1", release, "piece_2", pl.lit("\n"),
        ignore_nulls=True,
    )  # fmt: skip
    return line.str.join("").cast(pl.Binary)


def _escaped(name: str) -> pl.Expr:
    """Ids as they stand between quotes in JSON; the door lets no control character in."""
    return pl.col(name).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)


_LINES: Final = _lines()


def _tail_table(templates: Sequence[Template]) -> pl.DataFrame:
    """What templates put into the lines: the pieces of their tails, and what is added to the event's time."""
    tails = [t.tail for t in templates]
    columns = {f"piece_{i}": pl.Series([tail.pieces[i] for tail in tails], dtype=pl.String) for i in range(3)}
    return pl.DataFrame(columns).with_columns(pl.Series("hold_ms", [tail.hold_ms for tail in tails], pl.Int64))


def _loop_texts(loops: Sequence[Loop]) -> list[str]:
    return [msgspec.json.encode(loop).decode() for loop in loops]


def _names(measures: Sequence[Proposed]) -> list[str]:
    """The measures that are proposed, by their names; what is lifted stands among the proposals alone."""
    return [one.measure for one in measures if one.status == "proposed"]


def _measure_texts(measures: Sequence[Proposed]) -> list[str]:
    return [as_json(one.bare) for one in measures]


def _text_column(texts: Mapping[int, list[str]], count: int) -> pl.Series:
    """Lists of texts, of which hardly any of `count` rows has one."""
    which = np.zeros(count, dtype=np.int64)
    which[list(texts)] = range(1, len(texts) + 1)
    return pl.Series([[], *texts.values()], dtype=pl.List(pl.String)).gather(which)


def _joined(name: str, texts: Mapping[int, list[str]], count: int) -> pl.Series:
    """The same, with commas between the texts of a row; null where it has none."""
    told = pl.Series(name, [None], pl.String).new_from_index(0, count)
    return told.scatter(list(texts), [",".join(some) for some in texts.values()]) if texts else told


def _given(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, DECISIONS[name]).alias(name)


def _template_table(templates: Sequence[Template]) -> pl.DataFrame:
    """What templates say, as the columns of decisions.parquet."""
    rulings = [t.ruling for t in templates]
    return pl.DataFrame(
        {
            "outcome": [r.outcome for r in rulings],
            "risk_level": [r.risk_level for r in rulings],
            "alert": [r.alert for r in rulings],
            "hits": [list(t.hits) for t in templates],
            "reasons": [[reason.code for reason in t.reasons] for t in templates],
            "faults": [list(t.faults) for t in templates],
            "degraded": [list(t.degraded) for t in templates],
            "bundle": [t.bundle for t in templates],
            "arm": [t.arm for t in templates],
        },
        schema={name: kind for name, kind in DECISIONS.items() if name in _OF_TEMPLATE},
    )
