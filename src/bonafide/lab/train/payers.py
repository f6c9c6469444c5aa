"""From a log to what a scorecard is fitted to: the inputs at every payment, and what became known of payers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.core.text import did_you_mean
from bonafide.engine.codes import DERIVED, READ, TAKEN
from bonafide.engine.engine import Engine
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import Chunk
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.replay import WALK_ROWS

_PAYMENT: Final = {"event_id": pl.String, "user_id": pl.String, "time": pl.Int64}
_FACTS: Final = {
    "type": pl.String, "time": pl.Int64, "user_id": pl.String, "subject_type": pl.String, "subject_id": pl.String,
    "label": pl.String, "status": pl.String,
}  # fmt: skip


class PayerLog(NamedTuple):
    """What a log says of payers, in its order."""

    payments: pl.DataFrame
    """event_id, user_id, time (ms), and each input as the engine answered it before the payment, NaN where missing."""
    facts: pl.DataFrame
    """Verdicts and repayments: type, time (ms), user_id, subject_type, subject_id, label, status."""


def read_payers(
    engine: Engine, chunks: Iterable[Chunk], names: Sequence[str], progress: Callable[[Chunk], None] = lambda _: None
) -> PayerLog:
    """Play a log through a fresh engine. `names` are inputs; raises UsageError for one that the engine does not answer.

    Memory holds a row for each payment.
    """
    places = _places(engine, names)
    queue = LabelQueue(engine.bundle.settings.lateness_ms)
    kinds = pl.Schema(
        {"event_id": pl.String, "user_id": pl.String, "time": pl.Int64, **dict.fromkeys(names, pl.Float64)}
    )
    payments, facts = [pl.DataFrame(schema=kinds)], [pl.DataFrame(schema=_FACTS)]
    for chunk in chunks:
        if chunk.frame.height:
            woven = queue.weave(chunk.frame, chunk.truth)
            for first in range(0, woven.height, WALK_ROWS):
                frame = woven[first : first + WALK_ROWS]
                taken, answers = _walk(engine, frame)
                payments.append(_payments(frame, taken, answers[:, places], names))
                facts.append(_facts(frame.filter(taken)))
        progress(chunk)
    return PayerLog(pl.concat(payments), pl.concat(facts))


def _places(engine: Engine, names: Sequence[str]) -> list[int]:
    known = list(engine.bundle.feature_names)
    for name in names:
        if name not in known:
            raise UsageError(f"input {name}: the bundle has no such feature{did_you_mean(name, known)}")
    return [known.index(name) for name in names]


def _walk(engine: Engine, frame: pl.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which rows were taken, and what the engine answered on each."""
    how = np.where(frame[ROW].is_not_null().to_numpy(), READ, DERIVED)
    batch = engine.decide_columns(kinds_of(frame), columns_of(frame), how)
    return batch.status == TAKEN, batch.answers


def _payments(
    frame: pl.DataFrame, taken: NDArray[np.bool_], inputs: NDArray[np.float64], names: Sequence[str]
) -> pl.DataFrame:
    chosen = taken & (frame["type"] == "payment").to_numpy()
    told = frame.filter(chosen)
    answered = [pl.Series(name, np.ascontiguousarray(inputs[chosen, i])) for i, name in enumerate(names)]
    user = pl.col("user_id") if "user_id" in told.columns else pl.lit(None, pl.String).alias("user_id")
    return told.select("event_id", user.cast(pl.String), pl.col("time").cast(pl.Int64)).with_columns(answered)


def _facts(frame: pl.DataFrame) -> pl.DataFrame:
    told = frame.filter(pl.col("type").is_in(["verdict", "repayment"]))
    absent = [pl.lit(None, kind).alias(name) for name, kind in _FACTS.items() if name not in told.columns]
    return told.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in _FACTS.items())
