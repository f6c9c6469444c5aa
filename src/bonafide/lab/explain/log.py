"""The log that a replay read, read again; one of its events derived again by carrying the log up to it, and no
further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import Decision
from bonafide.core.moment import parse_moment
from bonafide.engine.asked import Words
from bonafide.engine.codes import DERIVED, READ, TAKEN
from bonafide.engine.engine import Batch, Engine
from bonafide.engine.shipped import shipped_folder
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.explain.folder import Results
from bonafide.lab.inputs import Chunk, load_mapping, read_chunks
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.replay import WALK_ROWS


class Rederived(NamedTuple):
    """An event as the engine met it again."""

    event: dict[str, Any]
    """Its fields, absent ones left out; `type`; `file` (place among the inputs) and `line`, unless it was derived."""
    seq: int
    decision: Decision | None
    """None where it only taught."""
    row: NDArray[np.int64]
    """Its completed row, ROW_WIDTH words."""
    answers: NDArray[np.float64]
    """Its features; NaN is missing. Undefined where it only taught."""
    because: tuple[str, str] | None = None
    """What of the policy gave the outcome, and which; None where it only taught."""
    lists: Mapping[str, Words] = {}
    """What was on each list that the bundle reads."""

    @property
    def is_derived(self) -> bool:
        """Whether it follows from a label rather than standing in a file."""
        return "line" not in self.event


def log_chunks(results: Results) -> Iterator[Chunk]:
    """The log as the replay read it: its inputs, by its mapping, without what was in the future then.

    Raises what `read_chunks` and `load_mapping` raise where an input or the mapping is gone or does not fit.
    """
    path, now = results.mapping, results.summary.get("now")
    mapping = None
    if path is not None:
        mapping = load_mapping(path if path.exists() else shipped_folder("mappings") / f"{path}.yaml")
    return read_chunks(
        results.inputs, mapping, None if now is None else parse_moment(now), unreadable=lambda _: None
    )  # fmt: skip


def derive_again(
    chunks: Iterable[Chunk], engine: Engine, event_id: str, seq: int | None, progress: Callable[[Chunk], None]
) -> Rederived | None:
    """Carry a log through a fresh engine until the event of an id was taken in; None where it never is.

    seq: the place of the decision wanted, where an id stands in the log more than once. The engine must have the
    bundle that decided; `progress` is told every chunk before it is carried.
    """
    labels = LabelQueue(engine.bundle.settings.lateness_ms)
    for chunk in chunks:
        progress(chunk)
        if chunk.frame.is_empty():
            continue
        woven = labels.weave(chunk.frame, chunk.truth)
        for first in range(0, woven.height, WALK_ROWS):
            frame = woven[first : first + WALK_ROWS]
            how = np.where(frame[ROW].is_not_null().to_numpy(), READ, DERIVED)
            for start, end in _up_to(frame, event_id):  # lists are then as they were for it
                part = frame[start:end]
                batch = engine.decide_columns(kinds_of(part), columns_of(part), how[start:end])
                place = _place(part, batch, event_id, seq)
                if place is not None:
                    return _met(engine, part, batch, place)
    return None


def _up_to(frame: pl.DataFrame, event_id: str) -> Iterator[tuple[int, int]]:
    """A frame cut behind each row of an id: places from and to."""
    cuts = (np.flatnonzero((frame["event_id"] == event_id).to_numpy()) + 1).tolist()
    return pairwise(dict.fromkeys((0, *cuts, frame.height)))


def _place(frame: pl.DataFrame, batch: Batch, event_id: str, seq: int | None) -> int | None:
    """Where in a batch the event stands that is looked for."""
    named = (frame["event_id"] == event_id).to_numpy() & (batch.status == TAKEN)
    if seq is not None:
        named &= (batch.seq == seq) & (batch.template >= 0)
    return int(np.flatnonzero(named)[0]) if named.any() else None


def _met(engine: Engine, frame: pl.DataFrame, batch: Batch, place: int) -> Rederived:
    event = {name: value for name, value in frame.row(place, named=True).items() if value is not None}
    event.pop(ROW, None)
    seq, decision, because = int(batch.seq[place]), None, None
    if batch.template[place] >= 0:
        template = batch.templates[int(batch.template[place])]
        subjects = {kind: event.get(f"{kind}_id", "") for kind in ("user", "merchant")}
        measures = engine.told(batch.measures.get(place, ()), subjects, template.arm)
        score, credit, loops = int(batch.score_e6[place]), int(batch.credit[place]), batch.loops.get(place, ())
        decision = template.fill(event["event_id"], seq, event["time"], score, credit, loops, measures)
        because = template.ruling.because
    return Rederived(
        event, seq, decision, batch.rows[place].copy(), batch.answers[place].copy(), because, engine.lists.read
    )
