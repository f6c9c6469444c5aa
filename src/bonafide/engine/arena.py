"""One arena of 64-bit words holds all keyed state: rows, rings and indexes, addressed by word offsets.

The address space is reserved once and touched as it fills, so nothing is ever moved or copied to grow, and a
snapshot is `memory[:top]`. Blocks come in four sizes for each doubling, with a free list per size, so that no more than
a quarter of one is wasted; rows have a free list per family, because their sizes are their own.
"""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import StateError
from bonafide.engine.kernel import inner

LINE: Final = 8
"""Words in a 64-byte cache line: the grain of allocation."""
RESERVE_WORDS: Final = 2**33
"""64 GiB of address space; only what is used is backed by memory."""
RESERVE_WORDS_MIN: Final = 2**24
_NO_RESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
"""Python names it from 3.13 on; other systems do without and reserve less."""

LARGE_FROM_BYTES: Final = 2**28
"""Where in the arena large pages begin."""
_POPULATE_WRITE: Final = 23 if sys.platform == "linux" else -1
"""MADV_POPULATE_WRITE, from Linux 5.14 on."""

# The header: what a kernel keeps between calls.
H_TOP: Final = 0
H_LIMIT: Final = 1
H_LATEST: Final = 2
H_SEQ: Final = 3
H_LARGEST: Final = 4
H_EARLIEST: Final = 5
H_SCRATCH: Final = 6
H_ORDER: Final = 7
H_KEYS: Final = 8
H_EVENTS: Final = 13
H_PENDING: Final = 18
H_FUNDS: Final = 23
H_LINKS: Final = 28
H_BLANK: Final = 33
H_TAKEN: Final = 34
H_FREE_ROWS: Final = 64
H_FREE_BLOCKS: Final = 128
FAMILIES_MAX: Final = 64
BLOCK_CLASSES: Final = 160
HEADER_WORDS: Final = 288


def reserve() -> NDArray[np.int64]:
    """Reserve the arena's address space: the whole of RESERVE_WORDS, or as much as the process may have.

    Raises StateError when not even RESERVE_WORDS_MIN can be had.
    """
    words = RESERVE_WORDS
    while words >= RESERVE_WORDS_MIN:
        try:
            pages = mmap.mmap(-1, words * 8, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE)
        except OSError:
            words //= 2
            continue
        _ask_for_large_pages(pages)
        memory = np.frombuffer(pages, dtype=np.int64)
        memory[H_TOP] = HEADER_WORDS
        memory[H_LIMIT] = words
        memory[H_LATEST] = memory[H_EARLIEST] = -1
        return memory
    raise StateError(f"cannot reserve {RESERVE_WORDS_MIN * 8 >> 20} MiB of address space for the engine's state")


def _ask_for_large_pages(pages: mmap.mmap) -> None:
    """Pages of 2 MiB where the system has them: a large state has too many small ones for the processor to know. A
    state that stays below LARGE_FROM_BYTES does better with small ones, which are filled as they come."""
    with suppress(OSError, AttributeError, ValueError):
        pages.madvise(mmap.MADV_HUGEPAGE, LARGE_FROM_BYTES, len(pages) - LARGE_FROM_BYTES)


def touch(memory: NDArray[np.int64], first: int, words: int) -> bool:
    """Have the system back a stretch of words with memory now; False where it cannot do so ahead of need.

    First touch is what makes an event wait: a page takes about a microsecond, and a table that doubles has many.
    """
    try:
        memory.base.obj.madvise(_POPULATE_WRITE, first * 8, words * 8)  # type: ignore[union-attr]
    except (OSError, AttributeError):
        return False
    return True


@inner
def block_class(words):
    """The smallest size class of at least `words` words: 1, 2 or 3 lines, then four classes for each doubling."""
    lines = (words + LINE - 1) // LINE
    if lines <= 3:
        return max(lines, 1) - 1
    doublings = 0
    while lines > (7 << doublings):
        doublings += 1
    return 3 + 4 * doublings + ((lines + (1 << doublings) - 1) >> doublings) - 4


@inner
def block_size(c):
    """Words of a block of a size class."""
    return LINE * (c + 1 if c < 3 else (4 + ((c - 3) & 3)) << ((c - 3) >> 2))


@inner
def clear(mem, at, words):
    """Zero a stretch of words. (A loop: slices of arrays cost seconds of compilation.)"""
    for i in range(at, at + words):
        mem[i] = 0


@inner
def allocate(mem, words):
    """A zeroed block of at least `words` words; the caller has seen to it that there is room."""
    c = block_class(words)
    size = block_size(c)
    at = mem[H_FREE_BLOCKS + c]
    if at != 0:
        mem[H_FREE_BLOCKS + c] = mem[at]
        clear(mem, at, size)
        return at
    mem[H_LARGEST] = max(mem[H_LARGEST], size)
    return take(mem, size)


@inner
def take(mem, words):
    """Zeroed words that are never given back; a whole number of lines."""
    at = mem[H_TOP]
    mem[H_TOP] = at + words
    return at


@inner
def release(mem, at, words):
    """Give a block back."""
    c = block_class(words)
    mem[at] = mem[H_FREE_BLOCKS + c]
    mem[H_FREE_BLOCKS + c] = at


@inner
def allocate_row(mem, family, words):
    """A zeroed row of a family; `words` is the family's row size, a whole number of lines."""
    at = mem[H_FREE_ROWS + family]
    if at != 0:
        mem[H_FREE_ROWS + family] = mem[at]
        clear(mem, at, words)
        return at
    return take(mem, words)


@inner
def release_row(mem, family, at):
    """Give a row back."""
    mem[at] = mem[H_FREE_ROWS + family]
    mem[H_FREE_ROWS + family] = at


@inner
def has_room(mem, slack, blocks):
    """Whether any one event can still be taken in.

    It may double that many blocks, directories, tables and deques, each into one of twice the largest. `slack` is for
    everything else.
    """
    return mem[H_TOP] + slack + 2 * blocks * mem[H_LARGEST] < mem[H_LIMIT]
