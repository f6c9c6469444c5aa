"""What the engine's tests share: playing logs through the kernel and its twin, and comparing golden files."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from bonafide.core.decision import Decision
from bonafide.core.events import Fact, Payment, PaymentStatus, Refund
from bonafide.core.fields import FIELDS
from bonafide.core.moment import HOUR_MS
from bonafide.engine.codes import ANSWERED, CONFLICT, DUPLICATE, TAKEN, TOO_LATE, V_STATUS
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.engine import Batch, Engine
from bonafide.engine.features.spec import Feature, parse_features
from bonafide.engine.intake import list_text, rows_of_events
from bonafide.engine.kernel import entry, source_stamp
from bonafide.engine.kernels import cache_folder, load_kernels
from bonafide.engine.state import State
from bonafide.testing.windows_twin import WindowTwin

STATUS = {TAKEN: "taken", DUPLICATE: "duplicate", CONFLICT: "conflict", TOO_LATE: "too-late"}
START_MS = 1_767_225_600_000
"""2026-01-01 UTC."""
SECRET = bytes(range(16))
SETTINGS = Settings(currency="CNY", offset_ms=8 * HOUR_MS)
TAKES = (
    "count", "sum", "mean", "std", "min", "max", "distinct", "share", "entropy", "zscore", "last",
    "seconds_since_last", "seconds_since_first",
)  # fmt: skip
ENTROPY_ERROR = 1e-12
TOLD_LAST = 20
"""The last events of a log, which the twin always answers."""


def feature(take: str, over: str | None = "24h", **told: Any) -> dict[str, Any]:
    """A declared feature: payments by user, unless `told` otherwise; what is None is left out."""
    item = {"name": "f", "event": "payment", "by": "user_id", "take": take, "over": over, **told}
    return {key: value for key, value in item.items() if value is not None}


def specs_of(*declared: dict[str, Any]) -> tuple[Feature, ...]:
    """Checked features; each is named by its place."""
    return parse_features([{**item, "name": f"f{i}"} for i, item in enumerate(declared)], "test")


def fresh_state(specs: Sequence[Feature], settings: Settings = SETTINGS, secret: bytes = SECRET) -> State:
    """An empty state that answers these features."""
    return State(compile_bundle(specs, [], settings), secret, load_kernels())


def fresh_twin(specs: Sequence[Feature], settings: Settings = SETTINGS) -> WindowTwin:
    """A twin under the same settings; it knows no rates."""
    return WindowTwin(
        specs, currency=settings.currency, offset_ms=settings.offset_ms, lateness_ms=settings.lateness_ms,
        assume_completed=settings.assume_completed,
    )  # fmt: skip


def feed(state: State, log: Sequence[Fact], chunk: int = 1_000) -> tuple[list[str], NDArray[np.float64]]:
    """Feed a log, `chunk` events a call: what became of each event, and its answers."""
    statuses: list[str] = []
    answers = [np.empty((0, len(state.compiled.features.columns)))]
    for first in range(0, len(log), chunk):
        part = log[first : first + chunk]
        walked = state.walk(rows_of_events(part, state.kernels, state.bound.key), np.full(len(part), ANSWERED))
        statuses += [STATUS[code] for code in walked.verdicts[:, V_STATUS].tolist()]
        answers.append(walked.answers)
    return statuses, np.concatenate(answers)


def play(
    specs: Sequence[Feature], log: Sequence[Fact], chunk: int = 1_000, *, settings: Settings = SETTINGS, every: int = 1
) -> None:
    """Feed a log to the kernel and to its twin, and compare. The twin, which is slow, answers each event numbered by a
    multiple of `every`, and the last ones."""
    statuses, answers = feed(fresh_state(specs, settings), log, chunk)
    twin = fresh_twin(specs, settings)
    for i, event in enumerate(log):
        told = i % every == 0 or i >= len(log) - TOLD_LAST
        twin.features = specs if told else ()
        status, expected = twin.feed(event)
        assert statuses[i] == status, (i, event)
        for f, spec in enumerate(specs if told and status == "taken" else ()):
            assert same(spec, expected[spec.name], float(answers[i, f])), (
                i,
                event,
                spec,
                expected[spec.name],
                answers[i, f],
            )


def same(spec: Feature, expected: float | None, got: float) -> bool:
    """Whether an answer is the twin's: bit by bit, but for entropy, whose terms the twin adds in another order, and for
    the last of a text, whose hash it does not know."""
    if isinstance(expected, str):
        return not math.isnan(got)
    if expected is None or math.isnan(got):
        return expected is None and math.isnan(got)
    return abs(got - expected) <= ENTROPY_ERROR if spec.take == "entropy" else got == expected


def answers_of(declared: dict[str, Any], log: Sequence[Fact], settings: Settings = SETTINGS) -> list[float | None]:
    """What one feature answers on each event of a log; None is missing. Every event must be taken."""
    statuses, answers = feed(fresh_state(specs_of(declared), settings), log)
    assert set(statuses) == {"taken"}, statuses
    return [None if math.isnan(value) else value for value in answers[:, 0].tolist()]


_KINDS: dict[str, Any] = {
    "text": pl.String, "list": pl.String, "word": pl.String, "money": pl.Int64, "integer": pl.Int64,
    "moment": pl.Int64, "fraction": pl.Float64, "flag": pl.Boolean,
}  # fmt: skip


def frame_of(log: Sequence[Fact]) -> pl.DataFrame:
    """Events as the readers of files hand them on: a column a field, lists as canonical JSON."""
    present = [f for f in FIELDS.values() if any(f.name in event.__struct_fields__ for event in log)]
    columns: dict[str, list[Any]] = {"type": [event.type for event in log]}
    for field in present:
        values = [getattr(event, field.name, None) for event in log]
        columns[field.name] = [list_text(v) if isinstance(v, tuple) else v for v in values]
    return pl.DataFrame(columns, schema={"type": pl.String, **{f.name: _KINDS[f.kind] for f in present}})


def payment(number: int, time: int, amount: int = 100, **told: Any) -> Payment:
    """A payment e<number> of u at m, `time` ms after the start."""
    fields = {"user_id": "u", "merchant_id": "m", "order_id": f"o{number}", "currency": "CNY", **told}
    return Payment(event_id=f"e{number}", time=START_MS + time, amount=amount, **fields)


def refund(number: int, time: int, amount: int = 100, **told: Any) -> Refund:
    """A refund e<number> to u from m, `time` ms after the start."""
    fields = {"user_id": "u", "merchant_id": "m", "order_id": f"o{number}", "currency": "CNY", **told}
    return Refund(event_id=f"e{number}", time=START_MS + time, amount=amount, **fields)


def status_of(number: int, paid: Payment, time: int, status: Any = "completed", **told: Any) -> PaymentStatus:
    """A status e<number> of a payment, `time` ms after the start."""
    fields = {"user_id": paid.user_id, "merchant_id": paid.merchant_id, "order_id": paid.order_id, **told}
    return PaymentStatus(
        event_id=f"e{number}", time=START_MS + time, payment_id=paid.event_id, status=status, **fields
    )  # fmt: skip


def assert_golden(path: Path, text: str) -> None:
    """Compare a text with its golden file; with UPDATE_GOLDEN set, write the file instead."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    elif text != path.read_text(encoding="utf-8"):
        # A comparison of the whole texts would not show which lines differ.
        assert text.splitlines() == path.read_text(encoding="utf-8").splitlines()
        pytest.fail("only line endings differ")


def decision_in(engine: Engine, batch: Batch, i: int, event: Fact) -> Decision:
    """The decision that row number `i` of a batch stands for."""
    template = batch.templates[batch.template[i]]
    subjects = {kind: getattr(event, f"{kind}_id", "") for kind in ("user", "merchant")}
    measures = engine.told(batch.measures.get(i, ()), subjects, template.arm)
    score, credit, loops = int(batch.score_e6[i]), int(batch.credit[i]), batch.loops.get(i, ())
    return template.fill(event.event_id, int(batch.seq[i]), event.time, score, credit, loops, measures)


def compiled(signature: Any, function: Any) -> Any:
    """A test's own entry point to inner functions, compiled once for these sources; see `engine.kernel`."""
    return entry(signature, cache_folder() / source_stamp() / "tests")(function)
