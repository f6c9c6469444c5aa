"""The log read through as it was taken in: without refused records, and nothing later than a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeAlias

import polars as pl

from bonafide.lab.explain.folder import ExplainError, Results
from bonafide.lab.explain.log import log_chunks
from bonafide.lab.explain.words import said
from bonafide.lab.inputs import Chunk

Passes: TypeAlias = Callable[[str], AbstractContextManager[Callable[[float, float], None]]]
"""Shows a pass by its title; yields a function that is told how far it is: (done, total)."""
_PLACE: Final = {"file": pl.UInt32, "line": pl.Int64}


class Collector(Protocol):
    """Takes from the log what it wants to know."""

    def feed(self, frame: pl.DataFrame) -> None:
        """Look at some records in log order; the frame is never empty."""


class Reader:
    """Reads a replay's log as often as needed; each pass holds one chunk, and what its collectors keep."""

    def __init__(self, results: Results, until_ms: int | None, passes: Passes) -> None:
        self.results = results
        self.until_ms = until_ms
        self._passes = passes
        self._refused = pl.DataFrame(results.refused_places(), schema=_PLACE, orient="row")

    def read(self, title: str, collectors: Sequence[Collector]) -> None:
        """One pass. ExplainError where the inputs are no longer there."""
        check_inputs(self.results)
        with self._passes(title) as progress:
            for chunk in log_chunks(self.results):
                frame = self._known(chunk)
                if not frame.is_empty():
                    for collector in collectors:
                        collector.feed(frame)
                progress(chunk.bytes_done, chunk.bytes_total)

    def _known(self, chunk: Chunk) -> pl.DataFrame:
        frame = chunk.frame
        if not self._refused.is_empty():
            frame = frame.join(self._refused, on=list(_PLACE), how="anti", maintain_order="left")
        return frame if self.until_ms is None else frame.filter(pl.col("time") <= self.until_ms)


def check_inputs(results: Results) -> None:
    """ExplainError where the log cannot be read again."""
    if not results.inputs:
        raise ExplainError(said("input none", "en"))
    for path in results.inputs:
        if not path.exists():
            raise ExplainError(said("input missing", "en", file=str(path)))


def once(frames: Sequence[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    """Rows of several chunks; of those with one `event` (a hash of its id) the first."""
    return pl.concat([empty, *frames]).unique("event", keep="first", maintain_order=True)
