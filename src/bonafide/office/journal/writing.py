"""What one transaction of the journal writes, and what holds once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bonafide.core.pseudonym import ClearText
from bonafide.office.journal.bases import KeptBasis, write_bases
from bonafide.office.journal.intake import Waiting, write_intake
from bonafide.office.journal.letters import Kept, write_letters
from bonafide.office.journal.reading import Head
from bonafide.office.journal.records import (
    COMMIT_BYTES_MAX,
    Conflict,
    DeadLetter,
    Record,
    beginning,
    next_chain,
    pack,
    seal,
)
from bonafide.office.journal.sealing import Sealer

Execute = Callable[..., Any]


class State(NamedTuple):
    """All that a commit changes in memory, once it is durable."""

    next_seq: int
    chain: bytes
    head: Head
    kept: Kept
    waiting: Waiting
    packed_bytes: int = 0
    """What the last commit wrote, about."""


def write_all(
    execute: Execute,
    state: State,
    records: Sequence[Record],
    conflicts: Sequence[Conflict],
    dead_letters: Sequence[DeadLetter],
    bundle: str | None,
    texts: Sequence[ClearText],
    sealer: Sealer,
    bases: Sequence[KeptBasis] = (),
) -> State:
    """Write what may come in one transaction; returns the state that holds after it."""
    if bundle is not None:
        head = _head_with(state, bundle, len(records))
        state = state._replace(head=head)
        if state.next_seq == 0:
            state = state._replace(chain=beginning(head.first_bundle))
        for name, value in head.values().items():
            execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (name, value, seal(name, value)))
    kept = write_letters(execute, state.kept, conflicts, dead_letters, sealer)
    waiting = write_intake(execute, state.waiting, texts, sealer)
    write_bases(execute, state.next_seq, bases)
    return write_records(execute, state._replace(kept=kept, waiting=waiting), records)


def write_records(execute: Execute, state: State, records: Sequence[Record]) -> State:
    """Write the row of a commit; returns the state that holds after it."""
    if not records:
        return state
    packed = pack(records)
    if len(packed) > COMMIT_BYTES_MAX:
        raise ValueError(f"a commit of {len(packed)} bytes; at most {COMMIT_BYTES_MAX}")
    place = (state.next_seq, len(records), records[-1].received_ms)
    chain = next_chain(state.chain, *place, packed)
    execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?)", (*place, chain, packed))
    return State(state.next_seq + len(records), chain, state.head, state.kept, state.waiting, len(packed))


def _head_with(state: State, bundle: str, records: int) -> Head:
    """The head once a bundle is active, behind so many records of the same commit. While the log is empty the bundle
    that decides first may still change."""
    first = state.head.first_bundle
    if state.next_seq == 0 and (first is None or not records):
        return Head(bundle, bundle, ((0, bundle),))
    return Head(first, bundle, (*state.head.activations, (state.next_seq + records, bundle)))
