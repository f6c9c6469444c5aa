"""What a trial costs: processor time of an event without one, in shadow, and in a rollout.

    python -m benches.trials EVENTS.parquet

The shipped bundle is tried beside itself with other bands, so that every vote is as dear as the champion's.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from bonafide.core.door import decode_event
from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.files import read_sources
from bonafide.engine.bundles.head import TrialHead
from bonafide.engine.bundles.trial_files import trial_files
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle, shipped_bundle
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import WALK_ROWS

BUNDLE: Final = "paylater"
COLUMNS, ARRAYS, SINGLE = 200_000, 60_000, 20_000
AT_ONCE: Final = 512
TURNS: Final = 3
TRIALS: Final = {"shadow": TrialHead("shadow"), "rollout": TrialHead("rollout", 40.0, 40.0, "bench")}


def main(path: Path) -> None:
    """Print microseconds an event, the best of some turns."""
    frame = _frame(path)
    parts = [frame[i : i + WALK_ROWS] for i in range(0, frame.height, WALK_ROWS)]
    told = [(kinds_of(part), columns_of(part), np.full(part.height, READ)) for part in parts]
    events = _events(frame[:ARRAYS])
    print(f"{'':<10}{'columns':>10}{'arrays':>10}{'singly':>10}")
    for name, bundle in (("no trial", shipped_bundle(BUNDLE)), *((n, _tried(head)) for n, head in TRIALS.items())):
        ways: tuple[tuple[int, Callable[[Engine], object]], ...] = (
            (frame.height, lambda engine: [engine.decide_columns(*part) for part in told]),
            (len(events), lambda engine: [engine.answer(events[i : i + AT_ONCE])
                                          for i in range(0, len(events), AT_ONCE)]),
            (len(events[:SINGLE]), lambda engine: [engine.decide_one(event) for event in events[:SINGLE]]),
        )  # fmt: skip
        print(f"{name:<10}" + "".join(f"{_best(bundle, way) / n * 1e6:>10.2f}" for n, way in ways), flush=True)


def _best(bundle: Bundle, way: Callable[[Engine], object]) -> float:
    found = []
    for _ in range(TURNS):
        engine = Engine(bundle)
        gc.collect()
        begun = time.process_time()
        way(engine)
        found.append(time.process_time() - begun)
    return min(found)


def _tried(head: TrialHead) -> Bundle:
    ours = read_sources(find_bundle(BUNDLE)).contents
    theirs = {**ours, "policy.yaml": ours["policy.yaml"].replace(b"from: 0.30,", b"from: 0.35,", 1)}
    assert theirs != ours
    with TemporaryDirectory() as folder:
        for name, text in trial_files(ours, theirs, head).items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(text)
        return load_bundle(Path(folder))


def _frame(path: Path) -> pl.DataFrame:
    frames: list[pl.DataFrame] = []
    with RejectWriter() as rejects:
        for chunk in read_chunks([path], None, None, rejects):
            frames.append(chunk.frame)
            if sum(frame.height for frame in frames) >= COLUMNS:
                break
    return pl.concat(frames, how="diagonal_relaxed")[:COLUMNS]


def _events(frame: pl.DataFrame) -> Sequence[Fact]:
    rows: list[dict[str, Any]] = frame.select(pl.exclude("file", "line", "row")).to_dicts()
    told = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return [decode_event(msgspec.json.encode(row)) for row in told]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
