"""Master keys: what wraps every other key, and lies outside the database, in a file or in the environment.

The newest one wraps; older ones only open what they wrapped, until that is wrapped anew. A backup of the database is
worthless to who has not the master key, so keep the two apart.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError
from bonafide.office.store.datadir import FILE_MODE, DataDir, sync_folder, write_once
from bonafide.office.vault.boxes import KEY_BYTES, box_key_id, key_id_of, seal, unseal

MASTER_KEY_FILE: Final = "master.key"
MASTER_KEY_VARIABLE: Final = "BONAFIDE_MASTER_KEY"
KEYS_MAX: Final = 8
"""Master keys at one time: the newest, and older ones whose boxes are not wrapped anew yet."""
_KEY: Final = re.compile(f"[0-9a-f]{{{2 * KEY_BYTES}}}")
_ACCEPTED: Final = f"give {2 * KEY_BYTES} hex digits in small letters, of several keys the newest last"


class MasterKeys:
    """The keys at hand, the newest last. Nothing prints them."""

    def __init__(self, keys: Sequence[bytes], read: Callable[[], Sequence[bytes]] | None = None) -> None:
        self._keys = {key_id_of(key): key for key in keys}
        self._newest = keys[-1]
        self._read = read

    @property
    def newest_id(self) -> bytes:
        """The id of the key that wraps."""
        return key_id_of(self._newest)

    @property
    def newest(self) -> bytes:
        """The key that wraps."""
        return self._newest

    def wrap(self, key: bytes, place: str, draw: Callable[[int], bytes]) -> bytes:
        """A key in a box under the newest master key."""
        return seal(self._newest, key, place, draw)

    def unwrap(self, box: bytes, place: str) -> bytes:
        """The key in a box. StateError where the master key that wrapped it is not at hand."""
        wanted = box_key_id(box)
        if wanted not in self._keys:
            self.reload()  # somebody may have rotated it meanwhile
        if wanted not in self._keys:
            told = f"the master key {wanted.hex()}, which this store was written with, is not at hand"
            raise StateError(f"the vault: {told}; give it in {MASTER_KEY_VARIABLE} or put {MASTER_KEY_FILE} back")
        return unseal(self._keys[wanted], box, place)

    def reload(self) -> None:
        """Read the keys again from where they came."""
        if self._read is not None:
            self.__init__(self._read(), self._read)  # type: ignore[misc]


def open_master_keys(data: DataDir, given: str | None) -> MasterKeys:
    """The master keys of a data directory: those of the environment variable, else of the file, made if need be.

    `given` is what the environment says in MASTER_KEY_VARIABLE, keys divided by commas. StateError for what is no key.
    """
    if given:
        return MasterKeys(_parse(given.split(","), MASTER_KEY_VARIABLE))
    path = data.folder / MASTER_KEY_FILE
    if not path.exists():
        write_once(path, secrets.token_hex(KEY_BYTES) + "\n")
    return MasterKeys(_read_file(path), lambda: _read_file(path))


def write_master_keys(data: DataDir, keys: Sequence[bytes]) -> None:
    """Put keys in the place of those in the file, whole and durable; the newest is the last."""
    path = data.folder / MASTER_KEY_FILE
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="ascii") as file:
            file.writelines(key.hex() + "\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            beside.unlink()


def read_master_keys(data: DataDir) -> list[bytes]:
    """The keys in the file of a data directory."""
    return _read_file(data.folder / MASTER_KEY_FILE)


def _read_file(path: Path) -> list[bytes]:
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise StateError(f"{path}: cannot be read: {error.strerror}; restore it from where it is kept") from None
    except UnicodeDecodeError:
        text = ""
    return _parse(text.split("\n"), str(path))


def _parse(words: Sequence[str], name: str) -> list[bytes]:
    found = [word.strip() for word in words if word.strip()]
    if not 1 <= len(found) <= KEYS_MAX or not all(_KEY.fullmatch(word) for word in found):
        raise StateError(f"{name}: holds no master key; {_ACCEPTED}")  # never what it holds
    return [bytes.fromhex(word) for word in found]
