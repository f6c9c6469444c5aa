"""The journal as a back-test reads it: chunks of the log up to a place, and the verdicts that stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from bonafide.core.door import decode_event, decode_events
from bonafide.core.events import Event, Verdict
from bonafide.lab.chosen_labels import Labels, choose_labels
from bonafide.lab.inputs import Chunk
from bonafide.lab.inputs.chunks import CHUNK_ROWS, frame_of_events, in_order
from bonafide.office.journal.reading import Reader

LEAF_ROWS: Final = 4_096
"""Events that are turned into columns at once."""
_VERDICT: Final = b'"verdict"'


class LogReader:
    """Reads a journal's log once; what it says of single events is remembered on the way."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._verdicts: dict[str, tuple[int | None, int]] = {}

    def chunks(self, until: int) -> Iterator[Chunk]:
        """The events before a place that begins a commit, as `read_chunks` has them of an exported log."""
        frames: list[pl.DataFrame] = []
        leaf: list[bytes] = []
        held, read = 0, 0
        for commit in self._reader.commits(0, until):
            for record in self._reader.unpack(commit):
                leaf.append(record.content)
                if len(leaf) >= LEAF_ROWS:
                    frames.append(self._laid_out(leaf, read))
                    read, held, leaf = read + len(leaf), held + len(leaf), []
                    if held + LEAF_ROWS > CHUNK_ROWS:
                        yield _chunk(frames, held, read, until)
                        frames, held = [], 0
        if leaf:
            frames.append(self._laid_out(leaf, read))
            read, held = read + len(leaf), held + len(leaf)
        if frames:
            yield _chunk(frames, held, read, until)

    def labels(self, from_seq: int) -> Labels | None:
        """What the newest verdict says of each event that anybody judged, also of those after `from_seq`, up to which
        `chunks` has read; None where nobody judged any."""
        for commit in self._reader.commits(from_seq):
            first = max(0, from_seq - commit.first_seq)
            for record in self._reader.unpack(commit)[first:]:
                if _VERDICT in record.content:
                    self._hear(decode_event(record.content))
        told = {
            event: (label, known) for event, (label, known) in self._verdicts.items() if label is not None
        }  # fmt: skip
        if not told:
            return None
        table = pl.DataFrame(
            {"event_id": list(told), "label": [one[0] for one in told.values()],
             "known_at": [one[1] for one in told.values()]},
            schema={"event_id": pl.String, "label": pl.Int8, "known_at": pl.Int64},
        )  # fmt: skip
        return choose_labels(table, "arrived", int(table["known_at"].max()))  # type: ignore[arg-type]

    def _laid_out(self, contents: list[bytes], first: int) -> pl.DataFrame:
        events = decode_events(contents) or list(map(decode_event, contents))
        for event in events:
            self._hear(event)
        return frame_of_events(events, range(first + 1, first + 1 + len(events)))

    def _hear(self, event: Event) -> None:
        if isinstance(event, Verdict) and event.subject_type == "event":
            label = {"cash_out": 1, "genuine": 0}.get(event.label)
            self._verdicts[event.subject_id] = (label, event.time)


def _chunk(frames: list[pl.DataFrame], held: int, read: int, until: int) -> Chunk:
    frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal", rechunk=True)
    return Chunk(in_order(frame, 0), None, held, read, until)
