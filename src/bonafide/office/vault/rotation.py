"""Another master key: every key that the old one wrapped is wrapped anew; the sealed data itself stays as it is.

The order makes it safe to be cut short: the new key is at hand before anything is wrapped under it, and the old one
goes when nothing is left under it. Whoever runs beside it finds the new key when meeting a box under it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import select, update

from bonafide.office.audit.entry import Actor, Details
from bonafide.office.audit.log import append
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.migrate import alone
from bonafide.office.store.tables import subjects
from bonafide.office.vault.boxes import KEY_BYTES
from bonafide.office.vault.master import KEYS_MAX, read_master_keys, write_master_keys
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import Vault

PAGE: Final = 1_000
"""Subjects wrapped anew in one transaction."""
ROTATING: Final = ".master.key.rotating"
"""The file whose lock is held meanwhile: two at once would let go each other's key."""


class Rewrapped(NamedTuple):
    """What was done."""

    key_id: str
    """The id of the master key that wraps now."""
    subjects: int


def rewrap(vault: Vault, actor: Actor) -> Rewrapped:
    """Wrap everything under the newest master key at hand; what is under it already stays."""
    keyring, count, at = vault.keyring, 0, ("", -(2**63))
    with vault.store.writing() as connection:
        keyring.rewrap_root(connection)
    table = subjects
    while True:
        behind = (table.c.subject_type > at[0]) | (table.c.subject_type == at[0]) & (table.c.pseudonym > at[1])
        asked = select(table).where(behind).order_by(table.c.subject_type, table.c.pseudonym).limit(PAGE)
        with vault.store.writing() as connection:
            rows = connection.execute(asked.with_for_update()).all()
            for row in rows:
                subject = Subject(row.subject_type, row.pseudonym)
                if not keyring.is_newest(bytes(row.wrapped)):
                    wrapped = keyring.rewrapped(bytes(row.wrapped), subject.place)
                    connection.execute(update(table).where(subject.is_in(table)).values(wrapped=wrapped))
                    count += 1
            if len(rows) < PAGE:
                key_id = keyring.master.newest_id.hex()
                details: Details = {"key": key_id, "subjects": count}
                append(connection, actor, "master_key.rotate", "master_key", vault.clock(), details=details)
                return Rewrapped(key_id, count)
        at = (rows[-1].subject_type, rows[-1].pseudonym)


def rotate(
    vault: Vault, actor: Actor, data: DataDir, draw: Callable[[int], bytes] = secrets.token_bytes
) -> Rewrapped:  # fmt: skip
    """Make a new master key in the data directory's file, wrap everything under it, and let the old ones go.

    Where earlier rotations were cut short so often that no more keys may be at hand, the last of them is finished.
    """
    with alone(data.folder / ROTATING):
        return _rotated(vault, actor, data, draw(KEY_BYTES))


def _rotated(vault: Vault, actor: Actor, data: DataDir, new: bytes) -> Rewrapped:
    keys = read_master_keys(data)
    if len(keys) < KEYS_MAX:
        write_master_keys(data, [*keys, new])
    else:
        new = keys[-1]
    vault.keyring.master.reload()
    done = rewrap(vault, actor)
    write_master_keys(data, [new])
    vault.keyring.master.reload()
    return done
