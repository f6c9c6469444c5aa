"""The data directory: where everything that one platform's Bonafide keeps lies, and who may read it."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError, UsageError

DEFAULT_FOLDER: Final = Path("bonafide-data")
SECRET_BYTES: Final = 16
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600

_NAMES: Final = (
    "lock", "secret", "journal.db", "ids.db", "office.db", "bundles", "snapshots", "bonafide.toml",
    "master.key", "signing.key", "first-admin-password", "documents",
)  # fmt: skip
_BESIDE: Final = re.compile(r"\.|lost\+found$|(secret|office|journal|ids)\.")
"""What may lie in a folder that is still to become a data directory: a volume's own, and files of a start cut short."""
_SHOWN_MAX: Final = 3


class DataDir:
    """One data directory and the paths in it; `open` makes it where it is missing.

    The folder is made with mode 0700 and `secret` with 0600. Opening is safe where several processes do it at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "lock"
        self.secret = folder / "secret"
        self.journal = folder / "journal.db"
        self.ids = folder / "ids.db"
        self.office = folder / "office.db"
        self.elsewhere = folder / "office.elsewhere"
        self.bundles = folder / "bundles"
        self.snapshots = folder / "snapshots"
        self.settings = folder / "bonafide.toml"

    def __repr__(self) -> str:
        return f"DataDir({str(self.folder)!r})"

    @classmethod
    def open(cls, folder: Path, *, create: bool = True) -> DataDir:
        """The data directory in a folder; with `create` it is made where there is none.

        Raises UsageError where the folder is a file or holds something else, or is missing and may not be made;
        StateError where it cannot be made, or where a journal is there and the secret that it was written with is not.
        """
        found = cls(folder)
        _refuse_another(folder, found.secret, create=create)
        if not found.secret.exists():
            if found.journal.exists():
                told = "is gone, and with another one nobody in the journal would be known; put it back from a backup"
                raise StateError(f"{found.secret}: {told}")
            try:
                folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                sync(folder.parent)
                write_once(found.secret, secrets.token_hex(SECRET_BYTES) + "\n")
            except OSError as error:
                told = f"cannot be made: {error.strerror}; choose another place with --data"
                raise StateError(f"{folder}: {told}") from None
        return found

    def read_secret(self) -> bytes:
        """The 16 bytes that ids are hashed with; StateError where the file is damaged."""
        try:
            text = self.secret.read_text(encoding="ascii").strip()
            found = bytes.fromhex(text)
        except OSError as error:
            raise StateError(f"{self.secret}: cannot be read: {error.strerror}") from None
        except ValueError:
            found = b""
        if len(found) != SECRET_BYTES:
            told = f"holds no {2 * SECRET_BYTES} hex digits; restore it from a backup"
            raise StateError(f"{self.secret}: {told}")
        return found


def _refuse_another(folder: Path, secret: Path, *, create: bool) -> None:
    """Raises UsageError unless the folder is a data directory or, with `create`, may become one."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; the data directory is a folder")
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise StateError(f"{folder}: cannot be read: {error.strerror}") from None
    if secret.name in names:
        return
    strange = [name for name in names if name not in _NAMES and not _BESIDE.match(name)]
    if strange:
        shown = ", ".join(strange[:_SHOWN_MAX]) + (", ..." if len(strange) > _SHOWN_MAX else "")
        raise UsageError(f"{folder}: is no data directory, it holds {shown}; name another folder, or an empty one")
    if not create:
        raise UsageError(f"{folder}: there is no data directory here; name the one that bonafide serve uses")


def write_once(path: Path, text: str) -> None:
    """Write a small file whole and durable, unless it is there already: whoever comes second keeps the first's.

    Only its owner may read it.
    """
    with _written_beside(path, text) as beside, suppress(FileExistsError):
        os.link(beside, path)  # a rename would put this one in the place of another's
    sync(path.parent)


def write_over(path: Path, text: str) -> None:
    """Put a small file, whole and durable, in the place of what is there. Only its owner may read it."""
    with _written_beside(path, text) as beside:
        beside.replace(path)
    sync(path.parent)


@contextmanager
def _written_beside(path: Path, text: str) -> Iterator[Path]:
    """A durable file of this text in the same folder, which is gone when the block ends."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, durable."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
