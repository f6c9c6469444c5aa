"""One folder through all gates: its log is replayed for the features, then everything is judged by the truth."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import DEFAULT_SECRET, Engine
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.inputs import Chunk, RejectWriter, read_chunks
from bonafide.lab.replay import Replay, run_replay
from bonafide.testing.dense_blocks import bank_view
from bonafide.testing.realism.cards import cards_gate
from bonafide.testing.realism.fits import why_not
from bonafide.testing.realism.folder import Made, read_made
from bonafide.testing.realism.gates import Gate, Gates, skipped
from bonafide.testing.realism.independence import independence_gate
from bonafide.testing.realism.learned import TITLES, learned_gates
from bonafide.testing.realism.sheet import Sheet, make_sheet
from bonafide.testing.realism.signals import is_finding, rank_signals, signals_gate
from bonafide.testing.realism.users import TITLE, users_gate

BUNDLE = "paylater"
"""The shipped bundle, whose features are judged."""
NOT_ASKED: Final = "models were not asked for"
Progress = Callable[[float, float], None]


def measure_gates(
    folder: Path, *, bundle: Bundle | None = None, kernels: Kernels | None = None, progress: Progress | None = None,
    models: bool = True,
) -> Gates:  # fmt: skip
    """Measure a folder that holds events.parquet, truth.parquet and, as a rule, subjects.parquet.

    Nothing is written into the folder: the replay for the features of `bundle` (default: the shipped one) goes to a
    temporary one. `progress` is told the bytes replayed so far and those of the whole log. Without `models` gates 3 to
    6 are skipped, as they are where LightGBM is not installed. The same folder, bundle and release give the same
    figures. Raises UsageError where a file is not there, InputError where one is unreadable or
    lacks a column.
    """
    judged_by = bundle or shipped_bundle(BUNDLE)
    made = read_made(folder)
    offset_ms = judged_by.settings.offset_ms
    with tempfile.TemporaryDirectory(prefix="bonafide-gates-") as results:
        engine = Engine(judged_by, secret=DEFAULT_SECRET, kernels=kernels or load_kernels())
        table = _replay(engine, folder / EVENTS, Path(results), progress or (lambda done, total: None))
        payments, rows = _judged(made, table)
        declared = [f for f in judged_by.features if f.name in judged_by.feature_names]
        answers = partial(_answers, table, rows)
        signals = rank_signals(payments, (answers(f.name) for f in declared if not is_finding(f)), offset_ms)
        why = why_not() if models else NOT_ASKED
        sheet = None if why else make_sheet(payments, declared, answers, offset_ms)
    view = bank_view(made.events, offset_ms)
    bad = np.array([card in made.bad_users for card in view.cards], np.bool_)
    by_models = _by_models(sheet, why)
    gates = (cards_gate(view, bad), signals_gate(signals), *by_models, independence_gate())
    return Gates(
        holds=all(one.holds for one in gates),
        gates=gates,
        signals=signals,
        payments=payments.height,
        payments_bad=int(payments["bad"].sum()),
        cards=len(view.cards),
        cards_bad=int(bad.sum()),
        events=made.events_total,
        bundle=judged_by.hash,
        notes=made.notes + ((f"Gates 3 to 6 are skipped: {why}",) if why else ()),
    )


def _by_models(sheet: Sheet | None, why: str) -> tuple[Gate, ...]:
    """Gates 3 to 6; without a table all of them skipped, since `why`."""
    if sheet is None:
        titles = sorted({**TITLES, 5: TITLE}.items())
        return tuple(skipped(number, title, why) for number, title in titles)
    third, fourth, sixth = learned_gates(sheet)
    return third, fourth, users_gate(sheet), sixth


def _answers(table: pl.LazyFrame, rows: pl.Series, name: str) -> pl.Series:
    """A feature's value for each judged payment."""
    return table.select(name).collect().to_series().gather(rows)


def _replay(engine: Engine, events: Path, out: Path, progress: Progress) -> pl.LazyFrame:
    """The log's features, a row for each event whose type some feature counts."""

    def tell(chunk: Chunk) -> None:
        progress(chunk.bytes_done, chunk.bytes_total)

    with RejectWriter() as rejects:
        replay = Replay(engine, out, [events], rejects, features=True)
        run_replay(read_chunks([events], rejects=rejects), replay, tell, time.monotonic)
    return pl.scan_parquet(out / "features.parquet")


def _judged(made: Made, table: pl.LazyFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Labelled payments that the engine took in, and which row of the feature table is each one's.

    So that features can be read one at a time: a long log's do not fit in memory together.
    """
    when = pl.col("time")
    time_ms = when.dt.epoch("ms") if isinstance(made.events.schema["time"], pl.Datetime) else when.cast(pl.Int64)
    payments = made.events.filter(pl.col("type") == "payment").with_columns(time_ms=time_ms)
    payments = payments.join(made.labels, on="event_id", how="inner").unique("event_id", keep="first")
    answered = table.select("event_id").with_row_index("row").collect()
    judged = answered.join(payments, on="event_id", how="inner", maintain_order="left")
    return judged.drop("row"), judged["row"]
