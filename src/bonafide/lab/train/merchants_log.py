"""A log as the merchants' card sees it, without the matrix of payments that a model needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bonafide.core.errors import InputError
from bonafide.engine.bundle import Bundle, untrained
from bonafide.engine.engine import Engine
from bonafide.lab.inputs import Chunk, Mapping, RejectWriter, read_chunks
from bonafide.lab.train.matrix import gather
from bonafide.lab.train.merchants import MerchantLog


def read_merchants(
    bundle: Bundle, events: Sequence[Path], mapping: Mapping | None, now_ms: int | None, rejects: RejectWriter,
    opened: Callable[[Bundle], Engine] = Engine, unreadable: Callable[[InputError], None] | None = None,
    progress: Callable[[Chunk], None] = lambda chunk: None,
) -> tuple[MerchantLog, int]:  # fmt: skip
    """What a log says of merchants by a bundle's declared inputs, and the latest time in it."""
    alone = bundle._replace(inputs=bundle.inputs._replace(model=(), scorecard=()))
    chunks = read_chunks(list(events), mapping, now_ms, rejects, unreadable=unreadable)
    matrix = gather(opened(untrained(alone)), [str(path) for path in events], chunks, rejects, ("category",), progress)
    return matrix.merchants, matrix.last_ms
