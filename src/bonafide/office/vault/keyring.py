"""The keys of one store: the root that others are derived from, data keys wrapped and opened, and rotation."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select, update

from bonafide.office.store.database import Store
from bonafide.office.store.tables import root_key
from bonafide.office.vault.boxes import KEY_BYTES, box_key_id
from bonafide.office.vault.master import MasterKeys

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ROOT: Final = "root"


class Keyring:
    """Opens and wraps keys for one store. Opening one whose root another master key wrapped raises StateError."""

    def __init__(self, store: Store, master: MasterKeys, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self.master = master
        self.draw = draw
        with store.reading() as connection:
            wrapped = connection.scalar(select(root_key.c.wrapped))
        if wrapped is None:
            with store.writing() as connection:
                wrapped = self._made(connection)
        self._root = master.unwrap(bytes(wrapped), _ROOT)

    def _made(self, connection: Connection) -> bytes:
        """The root, which another process may have made meanwhile."""
        found = connection.scalar(select(root_key.c.wrapped))
        if found is not None:
            return bytes(found)
        wrapped = self.master.wrap(self.draw(KEY_BYTES), _ROOT, self.draw)
        connection.execute(root_key.insert().values(one=0, wrapped=wrapped))
        return wrapped

    def derived(self, purpose: str) -> bytes:
        """The key for one purpose, HKDF-SHA256 (RFC 5869) of the root; rotation does not change it."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"bonafide {purpose}".encode()).derive(self._root)

    def follow(self, connection: Connection) -> None:
        """Make sure, in the transaction that has begun, that this process wraps under the master key that wraps now.

        The root's box says which that is; where it was rotated meanwhile, the keys are read again, lest something be
        wrapped under one that is about to be destroyed. Until the transaction ends, nobody rotates.
        """
        wrapped = connection.scalar(select(root_key.c.wrapped).with_for_update(read=True))
        if wrapped is not None and not self.is_newest(bytes(wrapped)):
            self.master.reload()
            self.master.unwrap(bytes(wrapped), _ROOT)

    def new_key(self, place: str) -> tuple[bytes, bytes]:
        """A new data key, and the box to be kept of it by a transaction that has called `follow`."""
        key = self.draw(KEY_BYTES)
        return key, self.master.wrap(key, place, self.draw)

    def is_newest(self, box: bytes) -> bool:
        """Whether the newest master key wrapped a box."""
        return box_key_id(box) == self.master.newest_id

    def rewrapped(self, box: bytes, place: str) -> bytes:
        """The same key in a box under the newest master key."""
        return self.master.wrap(self.master.unwrap(box, place), place, self.draw)

    def rewrap_root(self, connection: Connection) -> None:
        """Wrap the root under the newest master key, from when on that one is what wraps."""
        wrapped = bytes(connection.execute(select(root_key.c.wrapped).with_for_update()).scalar_one())
        connection.execute(update(root_key).values(wrapped=self.rewrapped(wrapped, _ROOT)))
