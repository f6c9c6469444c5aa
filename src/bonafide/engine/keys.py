"""Keys: the rows of the entities that an event names; finding them, reading them, letting them take it in."""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.admission import TIME
from bonafide.engine.arena import H_BLANK, H_KEYS, H_LATEST, allocate_row, clear, take
from bonafide.engine.features.answers import answer_all
from bonafide.engine.features.layout import (
    F_IDLE_MS, F_PART, F_PARTS, F_RING_BITS, F_ROW_WORDS, F_SEED, F_STRIDE, F_TYPES, F_WINDOWS, FOREVER, P_BLANK,
    P_FAMILIES, P_FAMILY, P_KEY0, P_KEY1, P_LATENESS_MS, P_READ_FAMILIES, P_RESULT, ROW_FAMILY, ROW_LATEST,
)  # fmt: skip
from bonafide.engine.features.rings import close_ring, evict, matching, take_in
from bonafide.engine.features.totals import forget_silent, totals_enter
from bonafide.engine.index import find, insert
from bonafide.engine.kernel import inner
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.siphash import ABSENT, absorb, finish, spread, start

KEY_SLOT: Final = 2  # hash, row


@inner
def key_of(plan, fam, event):
    """The keyed hash of a family's key as an event names it; 0 when it names none."""
    parts, part = plan[fam + F_PARTS], plan[fam + F_PART]
    first = event[plan[part]]
    if first == ABSENT:
        return np.int64(0)
    if parts == 1:
        return spread(first, plan[P_KEY0], plan[fam + F_SEED])
    v0, v1, v2, v3 = start(np.uint64(plan[P_KEY0]), np.uint64(plan[P_KEY1]))
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(plan[fam + F_SEED]))
    for i in range(parts):
        value = event[plan[part + i]]
        if value == ABSENT:
            return np.int64(0)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(value))
    return finish(v0, v1, v2, v3)


@inner
def row_of(mem, plan, fam, family, h, event):
    """The row of a key, made if it is new; `h` is its hash, 0 when the event names none."""
    if h == 0:
        return np.int64(0)
    slot = find(mem, H_KEYS, h, KEY_SLOT)
    if not slot:
        slot = insert(mem, H_KEYS, h, KEY_SLOT)
        row = allocate_row(mem, family, plan[fam + F_ROW_WORDS])
        mem[row + ROW_LATEST] = event[TIME]
        mem[row + ROW_FAMILY] = family
        mem[slot + 1] = row
    return mem[slot + 1]


@inner
def hash_keys(plan, event, hashes):
    """Hash every key that an event names."""
    for family in range(plan[P_FAMILIES]):
        hashes[family] = key_of(plan, plan[P_FAMILY] + family * F_STRIDE, event)


@inner
def find_rows(mem, plan, event, hashes, rows):
    """Find or make the row of every key the event names, and bring each up to the moment of the read."""
    for family in range(plan[P_READ_FAMILIES]):
        fam = plan[P_FAMILY] + family * F_STRIDE
        row = row_of(mem, plan, fam, family, hashes[family], event)
        rows[family] = row
        if row:
            as_of = max(event[TIME], mem[row + ROW_LATEST])
            forget_silent(mem, plan, fam, row, as_of)
            if plan[fam + F_WINDOWS]:
                evict(mem, plan, fam, row, as_of)


@inner
def _bring_up(mem, plan, fam, row, event):
    """Let a row forget what lies too far back as of an event; returns that moment. (`find_rows` has the same lines of
    its own, and `take_in_all` those of `_take_in`: as calls they cost every event a tenth of its time.)"""
    as_of = max(event[TIME], mem[row + ROW_LATEST])
    forget_silent(mem, plan, fam, row, as_of)
    if plan[fam + F_WINDOWS]:
        evict(mem, plan, fam, row, as_of)
    return as_of


@inner
def find_derived(mem, plan, event, hashes, rows):
    """The row of every key the event names in families of derived events, brought up to the moment of the read, which
    it remembers; where nothing was established of a key, the blank row, whose answers are those of an empty row."""
    for family in range(plan[P_READ_FAMILIES], plan[P_FAMILIES]):
        rows[family] = 0
        if hashes[family] != 0:
            fam = plan[P_FAMILY] + family * F_STRIDE
            row = _live_row(mem, plan, fam, hashes[family])
            if row:
                mem[row + ROW_LATEST] = _bring_up(mem, plan, fam, row, event)
            elif mem[H_BLANK] == 0:
                mem[H_BLANK] = take(mem, plan[P_BLANK])
            rows[family] = row if row else mem[H_BLANK]


@inner
def _live_row(mem, plan, fam, h):
    """The row of a key in a family of derived events; 0 where it has none, or one that ended: one that the log has left
    so far behind that it has nothing to say. (Whether the sweep has met it yet must make no difference.)"""
    slot = find(mem, H_KEYS, h, KEY_SLOT)
    if not slot:
        return np.int64(0)
    row, idle = mem[slot + 1], plan[fam + F_IDLE_MS]
    ended = idle != FOREVER and mem[row + ROW_LATEST] < mem[H_LATEST] - plan[P_LATENESS_MS] - idle
    return np.int64(0) if ended else row


@inner
def _begin_row(mem, plan, fam, family, h, event):
    """A fresh row for a key in a family of derived events, in place of one that ended."""
    slot = find(mem, H_KEYS, h, KEY_SLOT)
    if not slot:
        return row_of(mem, plan, fam, family, h, event)
    row = mem[slot + 1]
    close_ring(mem, plan, fam, row)
    clear(mem, row, plan[fam + F_ROW_WORDS])
    mem[row + ROW_LATEST] = event[TIME]
    mem[row + ROW_FAMILY] = family
    return row


@inner
def take_in_derived(mem, plan, event, registers, order):
    """Let every key that a derived event names take it in. The first that a family counts begins the key's row."""
    kind = event[TYPE]
    for family in range(plan[P_READ_FAMILIES], plan[P_FAMILIES]):
        fam = plan[P_FAMILY] + family * F_STRIDE
        h = key_of(plan, fam, event)
        if h != 0:
            row = _live_row(mem, plan, fam, h)
            if row:
                _bring_up(mem, plan, fam, row, event)
            elif (plan[fam + F_TYPES] >> kind) & 1:
                row = _begin_row(mem, plan, fam, family, h, event)
            if row:
                _take_in(mem, plan, fam, row, event, kind, registers, order)


@inner
def answer_keys(mem, plan, event, told, rows, answers):
    """Answer the features of every key that `told` tells of: F_FEATURES, or F_CARRIES."""
    for family in range(plan[P_FAMILIES]):
        fam = plan[P_FAMILY] + family * F_STRIDE
        row = rows[family]
        as_of = max(event[TIME], mem[row + ROW_LATEST]) if row else np.int64(0)
        answer_all(mem, plan, fam, told, row, event, as_of, answers)


@inner
def take_in_all(mem, plan, event, kind, rows, registers, order):
    """Let every key the event names take it in, as an event of type code `kind`."""
    for family in range(plan[P_READ_FAMILIES]):
        row = rows[family]
        if row:
            fam = plan[P_FAMILY] + family * F_STRIDE
            as_of = max(event[TIME], mem[row + ROW_LATEST])
            mem[row + ROW_LATEST] = as_of
            flags = matching(plan, fam, event, kind, registers, plan[P_RESULT])
            if flags:
                totals_enter(mem, plan, fam, row, event, flags, event[TIME], order)
                if flags & plan[fam + F_RING_BITS]:
                    take_in(mem, plan, fam, row, event, flags, event[TIME], as_of)


@inner
def _take_in(mem, plan, fam, row, event, kind, registers, order):
    """Let one key take an event in."""
    as_of = max(event[TIME], mem[row + ROW_LATEST])
    mem[row + ROW_LATEST] = as_of
    flags = matching(plan, fam, event, kind, registers, plan[P_RESULT])
    if flags:
        totals_enter(mem, plan, fam, row, event, flags, event[TIME], order)
        if flags & plan[fam + F_RING_BITS]:
            take_in(mem, plan, fam, row, event, flags, event[TIME], as_of)
