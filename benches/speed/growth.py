"""How time and memory grow with what is in state: the shipped bundle over ever longer logs.

Users, merchants and devices grow with the log, so that a key sees as many events in each. Rows of integers are made a
piece at a time, as the engine reads them: hashing of texts is part of intake, not of growth.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import FIELDS
from bonafide.engine.codes import READ
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.engine import DEFAULT_SECRET, Engine
from bonafide.engine.features.spec import Feature
from bonafide.engine.kernels import load_kernels
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.state import State

from .bundles import SHIPPED
from .stage import Bound, Measured, Ran, Side, Size, Stage, no_inputs
from .trade import Trade, below, mix
from .workload import START_MS

POWERS: Final = (4, 5, 6, 7)
EVENTS_EACH: Final = {"quiet": (3, 5, 9, 14, 20), "busy": (70, 110, 180, 280)}
"""Events a key in the runs that memory is solved from: rings of up to 32 are scanned, longer ones have tables."""
_IDS: Final = "memory: id of an event, known for 90 days"
_PAYMENT: Final = "payment"
_NAMES: Final = {
    ("user_id",): "user", ("merchant_id",): "merchant", ("device_id",): "device",
    ("user_id", "merchant_id"): "user at a merchant",
}  # fmt: skip
_GAP_MS: Final = 300
"""Between events in the runs for memory: all of them lie within the shortest window of any family's longest."""


def _batch(power: int) -> str:
    return f"10^{power} events in state, in batch"


def _single(power: int) -> str:
    return f"10^{power} events in state, one a call"


def run_level(power: int, folder: Path, size: Size) -> Ran:
    """Fill a state with 10^power events, then time the events after them."""
    count = 10**power
    if count > size["events at most"] or count < size["events at least"]:
        return Ran({})
    after, singles = min(count // 2, size["events timed"]), size["single events"]
    trade = Trade(count + after + singles)
    engine = Engine(shipped_bundle(SHIPPED))
    state = engine.state
    taking = sum(_walk(state, trade.rows(*piece)) for piece in trade.pieces(0, count))
    used = state.used_bytes
    timed = sum(_walk(state, trade.rows(*piece)) for piece in trade.pieces(count, count + after))
    rows = trade.rows(count + after, trade.length)
    each = [_walk(state, rows[i : i + 1]) for i in range(len(rows))]
    us = timed / after * 1e6
    return Ran(
        {
            _batch(power): us,
            **({f"{_batch(power)}, from 10^5": us} if power == POWERS[-1] else {}),
            _single(power): float(np.median(each)) * 1e6,
            f"10^{power} events taken in": taking,
            f"10^{power} events: of state, an event": used / count,
        }
    )


def _walk(state: State, rows: NDArray[np.int64]) -> float:
    """Seconds on the processor."""
    how = np.full(len(rows), READ, dtype=np.int64)
    begin = process_time()
    state.walk(rows, how)
    return process_time() - begin


def families() -> dict[tuple[str, ...], list[Feature]]:
    """The shipped bundle's features over payments by their keys, where the trade has such keys."""
    found: dict[tuple[str, ...], list[Feature]] = {}
    for feature in shipped_bundle(SHIPPED).features:
        if _PAYMENT in feature.types and not feature.completed and feature.by in _NAMES:
            found.setdefault(feature.by, []).append(feature)
    return found


def run_memory(folder: Path, size: Size) -> Ran:
    """Bytes for each retained event and for each entity, a family at a time.

    A family's state in runs with different numbers of events an entity, less what the ids of the events take, is a
    plane over events and entities, fitted by least squares: for quiet keys, whose rings are scanned, and for busy ones.
    """
    count = size["events for memory"]
    ids = _used([], _rows(count, (), 1))
    figures = {_IDS: ids / count}
    for by, features in families().items():
        for kind, ratios in EVENTS_EACH.items():
            runs = [(count // each, _used(features, _rows(count, by, count // each)) - ids) for each in ratios]
            plane = np.array([[count, keys] for keys, _ in runs], dtype=np.float64)
            event, entity = np.linalg.lstsq(plane, np.array([float(used) for _, used in runs]), rcond=None)[0]
            figures[_of_event(by, kind)] = float(event)
            if kind == "quiet":
                figures[_of_entity(by)] = float(entity)
    return Ran(figures)


def _of_event(by: tuple[str, ...], kind: str) -> str:
    return f"memory: {_NAMES[by]}, a retained event of a {kind} key"


def _of_entity(by: tuple[str, ...]) -> str:
    return f"memory: {_NAMES[by]}, a key"


def _rows(count: int, by: tuple[str, ...], entities: int) -> NDArray[np.int64]:
    """Payments, close together, whose keys of a family name so many entities."""
    i = np.arange(2 * count, dtype=np.int64)
    trade = Trade(2 * count)
    rows = np.concatenate([trade.rows(*piece) for piece in trade.pieces(0, 2 * count)])
    rows = rows[rows[:, FIELDS["pay_with"].place] >= 0][:count]
    rows[:, FIELDS["time"].place] = START_MS + i[: len(rows)] * _GAP_MS
    for field in by:
        rows[:, FIELDS[field].place] = mix(below(i[: len(rows)], 20, entities), 21).astype(np.int64) | 1
    return rows


def _used(features: list[Feature], rows: NDArray[np.int64]) -> int:
    state = State(compile_bundle(features, [], shipped_bundle(SHIPPED).settings), DEFAULT_SECRET, load_kernels())
    before = state.used_bytes
    state.walk(rows, np.full(len(rows), READ, dtype=np.int64))
    return state.used_bytes - before


def _level(power: int) -> Side:
    growth = {5: None, 6: Bound("<=", 1.7), 7: Bound("<=", 1.3)}.get(power)
    lower = power > POWERS[0]
    figures = {
        told(power): Measured("us", told(power - 1) if lower else None, growth) for told in (_batch, _single)
    }  # fmt: skip
    if power == POWERS[-1]:
        figures[f"{_batch(power)}, from 10^5"] = Measured("us", _batch(5), Bound("<=", 1.7))
    figures[f"10^{power} events taken in"] = Measured("s")
    figures[f"10^{power} events: of state, an event"] = Measured("bytes")
    return Side(partial(run_level, power), figures)


def _memory() -> Side:
    figures = {_IDS: Measured("bytes")}
    for by in _NAMES:
        figures |= {_of_event(by, kind): Measured("bytes", target=Bound("<=", 100)) for kind in EVENTS_EACH}
        figures[_of_entity(by)] = Measured("bytes")
    return Side(run_memory, figures)


_SIZE: Final = {
    "events at least": 10**5,
    "events timed": 200_000,
    "single events": 20_000,
    "events for memory": 200_000,
}
STAGE: Final = Stage(
    "growth",
    f"time and memory as the state of the shipped bundle {SHIPPED} grows",
    no_inputs,
    {**{f"10^{power}": _level(power) for power in POWERS}, "memory": _memory()},
    {
        "quick": {"events at least": 10**4, "events at most": 10**5, "events timed": 20_000, "single events": 2_000,
                  "events for memory": 20_000},
        "normal": _SIZE | {"events at most": 10**6},
        "full": _SIZE | {"events at most": 10**7},
    },
    rounds=1,
    notes=(
        "users, merchants and devices grow with the log; the ratio is to a tenth of the events",
        "memory is solved from runs whose keys have as many payments, all of them retained: "
        + ", ".join(f"{kind} {min(each)} to {max(each)}" for kind, each in EVENTS_EACH.items()),
    ),
    ratio="growth",
)  # fmt: skip
