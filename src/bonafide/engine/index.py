"""An extendible hash index in the arena: hash -> a few words, growing one segment at a time (Fagin et al., 1979).

A directory of segments is chosen by a hash's high bits, a slot within the segment by its low bits and linear
probing. A full segment splits in two, so no insertion ever waits for the whole table to be rehashed. Slots are
`width` words: the hash, then what it stands for. Hash 0 marks an empty slot and is never a key.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.arena import H_SCRATCH, LINE, allocate, clear, release, take
from bonafide.engine.kernel import inner

# An index's handle: five header words.
I_DIRECTORY: Final = 0
I_DEPTH: Final = 1
I_COUNT: Final = 2
I_HAND: Final = 3
I_FILLED: Final = 4  # slots filled since the hand last moved

SLOTS: Final = 256
FULL: Final = 192
WIDTH_MAX: Final = 3

# A segment: its depth, its count, then the slots.
S_DEPTH: Final = 0
S_COUNT: Final = 1
S_SLOTS: Final = LINE
SCRATCH_WORDS: Final = SLOTS * WIDTH_MAX
SEGMENT_WORDS_MAX: Final = S_SLOTS + SLOTS * WIDTH_MAX


@inner
def segment_words(width):
    """Words of a segment."""
    return S_SLOTS + SLOTS * width


@inner
def index_open(mem, ix, width):
    """Make an empty index of one segment."""
    if mem[H_SCRATCH] == 0:
        mem[H_SCRATCH] = allocate(mem, SCRATCH_WORDS)
    mem[ix + I_DIRECTORY] = allocate(mem, 1)
    mem[mem[ix + I_DIRECTORY]] = take(mem, segment_words(width))


@inner
def _place(mem, ix, h):
    """Which directory word a hash belongs to."""
    depth = mem[ix + I_DEPTH]
    return np.int64(0) if depth == 0 else np.int64(np.uint64(h) >> np.uint64(64 - depth))


@inner
def segment_of(mem, ix, h):
    """The segment that holds, or would hold, a hash."""
    return mem[mem[ix + I_DIRECTORY] + _place(mem, ix, h)]


@inner
def probe(mem, segment, h, width):
    """The slot of a hash in its segment, or the empty slot where it would stand."""
    s = h & (SLOTS - 1)
    while True:
        at = segment + S_SLOTS + s * width
        if mem[at] == h or mem[at] == 0:
            return at
        s = (s + 1) & (SLOTS - 1)


@inner
def find(mem, ix, h, width):
    """The slot of a hash, or 0."""
    at = probe(mem, segment_of(mem, ix, h), h, width)
    return at if mem[at] == h else 0


@inner
def insert(mem, ix, h, width):
    """The slot of a hash that is not yet in the index; its other words are zero."""
    segment = segment_of(mem, ix, h)
    while mem[segment + S_COUNT] >= FULL:
        _split(mem, ix, h, width)
        segment = segment_of(mem, ix, h)
    at = probe(mem, segment, h, width)
    mem[at] = h
    mem[segment + S_COUNT] += 1
    mem[ix + I_COUNT] += 1
    mem[ix + I_FILLED] += 1
    return at


@inner
def _split(mem, ix, h, width):
    """Divide the segment of a hash by one more bit."""
    segment = segment_of(mem, ix, h)
    depth = mem[segment + S_DEPTH]
    if depth == mem[ix + I_DEPTH]:
        _double(mem, ix)
    other = take(mem, segment_words(width))
    mem[segment + S_DEPTH] = mem[other + S_DEPTH] = depth + 1
    directory = mem[ix + I_DIRECTORY]
    span = np.int64(1) << (mem[ix + I_DEPTH] - depth)
    first = _place(mem, ix, h) & ~(span - 1)
    for i in range(first + span // 2, first + span):
        mem[directory + i] = other
    reinsert(mem, ix, segment, width)


@inner
def _double(mem, ix):
    """Give every segment two directory words."""
    size = np.int64(1) << mem[ix + I_DEPTH]
    old = mem[ix + I_DIRECTORY]
    new = allocate(mem, 2 * size)
    for i in range(size):
        mem[new + 2 * i] = mem[new + 2 * i + 1] = mem[old + i]
    release(mem, old, size)
    mem[ix + I_DIRECTORY] = new
    mem[ix + I_DEPTH] += 1


@inner
def reinsert(mem, ix, segment, width):
    """Empty a segment and put each of its slots where it now belongs; slots whose hash was set to 0 fall away."""
    words = SLOTS * width
    scratch = mem[H_SCRATCH]
    first = segment + S_SLOTS
    for i in range(words):
        mem[scratch + i] = mem[first + i]
    clear(mem, first, words)
    mem[segment + S_COUNT] = 0
    for s in range(SLOTS):
        from_at = scratch + s * width
        h = mem[from_at]
        if h != 0:
            target = segment_of(mem, ix, h)
            at = probe(mem, target, h, width)
            for w in range(width):
                mem[at + w] = mem[from_at + w]
            mem[target + S_COUNT] += 1


@inner
def next_segment(mem, ix):
    """Move the sweeping hand to the next segment and return it."""
    size = np.int64(1) << mem[ix + I_DEPTH]
    i = mem[ix + I_HAND]
    i = np.int64(0) if i >= size else i
    segment = mem[mem[ix + I_DIRECTORY] + i]
    span = np.int64(1) << (mem[ix + I_DEPTH] - mem[segment + S_DEPTH])
    mem[ix + I_HAND] = (i & ~(span - 1)) + span
    return segment
