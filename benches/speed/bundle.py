"""The shipped bundle over two logs: from columns in memory to decisions, and from a file to a file of decisions."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import numpy as np
import polars as pl

from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import canonical_lines
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import WALK_ROWS, Replay, run_replay
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.summary import Summary

from .bundles import SHIPPED
from .stage import Bound, Measured, Ran, Side, Size, Stage, answers_file
from .trade import Trade

LOGS: Final = {"platform": "a platform's log", "trade": "trade alone"}
DAYS: Final = 30
FORMS: Final = ("parquet", "ndjson")
_TARGET: Final = Bound(">=", 200_000)
_FILE_TARGET: Final = Bound(">=", 150_000)


def make_inputs(folder: Path, size: Size) -> None:
    """Both logs as Parquet and as NDJSON."""
    platform = pl.concat(step.events for step in Simulation(scenario("small", size["users"], days=DAYS), 1).run())
    trade = Trade(size["trade events"])
    for name, frame in (("platform", platform), ("trade", trade.frame(0, trade.length))):
        frame.write_parquet(folder / f"{name}.parquet")
        _write_ndjson(frame, folder / f"{name}.ndjson")


def _write_ndjson(frame: pl.DataFrame, path: Path) -> None:
    """A line for each event, without the fields that are absent; each type has fields of its own."""
    kept = frame.with_row_index("place")
    lines: list[tuple[int, str]] = []
    for (_,), part in kept.group_by("type", maintain_order=True):
        own = part.select(s.name for s in part if s.null_count() < part.height)
        some = [s.name for s in own if s.null_count()]
        text = own.drop("place").write_ndjson()
        for name in some:  # absent is left out, as senders do
            text = text.replace(f'"{name}":null,', "").replace(f',"{name}":null}}', "}")
        lines += zip(own["place"].to_list(), text.splitlines(), strict=True)
    path.write_text("\n".join(line for _, line in sorted(lines)) + "\n", encoding="utf-8")


def run_columns(log: str, folder: Path, size: Size) -> Ran:
    """Columns in memory to decisions: hashing of texts, windows, rules, rulings."""
    frame = pl.read_parquet(folder / f"{log}.parquet")
    engine = Engine(shipped_bundle(SHIPPED))
    digest, outcomes, seconds = hashlib.sha256(), Counter[str](), 0.0
    for part in _parts(frame):
        kinds, columns = kinds_of(part), columns_of(part)
        how = np.full(part.height, READ, dtype=np.int64)
        begin = perf_counter()
        batch = engine.decide_columns(kinds, columns, how)
        seconds += perf_counter() - begin
        decided = batch.decided()
        for lines in canonical_lines(part[decided.row], decided, batch.templates):
            digest.update(lines)
        for which, number in zip(*np.unique(decided.template, return_counts=True), strict=True):
            outcomes["decided"] += int(number)
            outcomes["hit"] += int(number) if batch.templates[which].hits else 0
    _keep_digest(folder, f"{log}-columns", digest.hexdigest())
    bundle = engine.bundle
    told = (
        f"{LOGS[log]}: {frame.height:,} events, {outcomes['decided'] / frame.height:.0%} of them decided on, of which "
        f"rules hit {outcomes['hit'] / outcomes['decided']:.1%}; {len(bundle.feature_names)} features, "
        f"{len(bundle.rules)} rules"
    )
    return Ran({f"{LOGS[log]}, columns to decisions": frame.height / seconds}, (told,))


def _parts(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return (frame[i : i + WALK_ROWS] for i in range(0, frame.height, WALK_ROWS))


def run_file(log: str, form: str, folder: Path, size: Size) -> Ran:
    """A file to decisions.parquet, as `bonafide replay` does it, without the start of the process."""
    engine = Engine(shipped_bundle(SHIPPED))
    path = folder / f"{log}.{form}"
    with TemporaryDirectory(dir=folder) as out:
        begin = perf_counter()
        summary = _replay(engine, path, Path(out))
        seconds = perf_counter() - begin
    _keep_digest(folder, f"{log}-{form}", summary.digest)
    assert summary.rejected == 0, f"{summary.rejected} records of {path.name} were refused"
    return Ran({f"{LOGS[log]}, {form} to decisions.parquet": summary.read / seconds})


def _replay(engine: Engine, path: Path, out: Path) -> Summary:
    with RejectWriter(out / "rejects.ndjson") as rejects:
        run = Replay(engine, out, [path], rejects)
        return run_replay(read_chunks([path], None, None, rejects), run, lambda _: None, perf_counter)


def _keep_digest(folder: Path, side: str, digest: str) -> None:
    """The digest of all decisions stands for the answers."""
    np.save(answers_file(folder, side), np.frombuffer(bytes.fromhex(digest), dtype=np.uint8)[None].astype(np.float64))


def _sides() -> dict[str, Side]:
    sides: dict[str, Side] = {}
    for log, told in LOGS.items():
        figures: Any = {f"{told}, columns to decisions": Measured("events/s", target=_TARGET)}
        sides[f"{log}-columns"] = Side(partial(run_columns, log), figures)
        for form in FORMS:
            figures = {f"{told}, {form} to decisions.parquet": Measured("events/s", target=_FILE_TARGET)}
            sides[f"{log}-{form}"] = Side(partial(run_file, log, form), figures, reference=f"{log}-columns")
    return sides


STAGE: Final = Stage(
    "bundle",
    f"the shipped bundle {SHIPPED}, whole logs",
    make_inputs,
    _sides(),
    {"quick": {"users": 500, "trade events": 50_000}, "normal": {"users": 10_000, "trade events": 1_000_000}},
    pinned=True,
)
