"""What the journal holds in clear it holds sealed: under a key in a file of the data directory, and not for long.

Dead letters hold what clients sent; the intake holds ids that are on their way into the vault. Both are opened with
`journal.key` alone, which no backup of the journal has.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError
from bonafide.office.store.datadir import write_once

KEY_FILE: Final = "journal.key"
KEYS_MAX: Final = 8
"""Keys in the file: the last one seals, those before it only open what they sealed."""
_KEY_BYTES: Final = 32
_KEY: Final = re.compile(f"[0-9a-f]{{{2 * _KEY_BYTES}}}")


class Sealer:
    """The keys of a journal, the one that seals last; without any, nothing is opened. Nothing prints them."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys

    def box_starts(self) -> list[bytes]:
        """How the boxes begin that a key at hand opens; all of one length."""
        from bonafide.office.vault.boxes import FORMAT, key_id_of

        return [FORMAT + key_id_of(key) for key in self._keys]

    def seal(self, content: bytes, place: str) -> bytes:
        """A box of `content` that opens only at `place`."""
        from bonafide.office.vault.boxes import seal  # what it stands on takes long to load

        return seal(self._keys[-1], content, place, secrets.token_bytes)

    def unseal(self, box: bytes, place: str) -> bytes | None:
        """What is in a box; None where its key is not at hand. StateError where it is damaged."""
        if not self._keys:
            return None
        from bonafide.office.vault.boxes import box_key_id, key_id_of, unseal

        key = next((key for key in self._keys if key_id_of(key) == box_key_id(box)), None)
        return None if key is None else unseal(key, box, place)


def open_sealer(folder: Path, *, create: bool = False) -> Sealer:
    """The keys of a data directory; with `create` one is made where there is none. StateError for what is no key."""
    path = folder / KEY_FILE
    if create and not path.exists():
        write_once(path, secrets.token_hex(_KEY_BYTES) + "\n")
    try:
        words = path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return Sealer([])
    except (OSError, UnicodeDecodeError):
        words = []
    if not 1 <= len(words) <= KEYS_MAX or not all(_KEY.fullmatch(word) for word in words):
        accepted = f"{2 * _KEY_BYTES} hex digits in small letters a line, the newest last"
        raise StateError(f"{path}: holds no key ({accepted}); put it back, or move it away to begin with a new one")
    return Sealer([bytes.fromhex(word) for word in words])
