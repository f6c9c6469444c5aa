"""Files that people attach to cases: told by content, sealed, outside any web root, under random names.

What may be attached is what may be handed in with an appeal (`office/appeals/documents.py`): whole PDFs, PNGs and JPEGs
in which nothing acts. What somebody calls a file is kept sealed, is shown as text, and is never a path.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.moment import HOUR_MS, SECOND_MS, show_moment
from bonafide.core.text import is_tidy
from bonafide.office.access.keys import now_ms
from bonafide.office.appeals.documents import kind_of
from bonafide.office.appeals.files import Files
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.cases.steps import Steps
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_files
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.keyring import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER: Final = "case-files"
FILES_EACH_MAX: Final = 100
"""Files of one case."""
NAME_LENGTH_MAX: Final = 200
ORPHANS_MS: Final = HOUR_MS
"""A file that nothing names is let go of when it is so old: a younger one may be being attached."""


class CaseFiles(Steps):
    """The files of one data directory's cases. Several threads may call it; none is a coroutine."""

    def __init__(
        self, store: Store, folder: Path, keyring: Keyring, *, clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:  # fmt: skip
        super().__init__(store, b"", keyring, clock=clock, draw=draw)
        self._files = Files(folder, FOLDER)

    def attach(
        self, who: Session, origin: str, number: int, name: str, content: bytes, note: str = ""
    ) -> dict[str, Any]:  # fmt: skip
        """Attach a file to a case, whoever's it is; how it is listed. UsageError for what is not taken."""
        with self._refusing(who, origin, "attach", number):
            if not 0 < len(name) <= NAME_LENGTH_MAX or not is_tidy(name):
                raise UsageError(f"name: give 1 to {NAME_LENGTH_MAX} characters, without control characters")
            kind = kind_of(content)
        file_id = secrets.token_hex(16)
        box = seal(self._key, content, _place(file_id, "content"), self._draw)
        with self._acting(who, origin, "attach", number, note) as turn:
            asked = select(func.count()).where(case_files.c.case_number == number)
            if (turn.connection.scalar(asked) or 0) >= FILES_EACH_MAX:
                raise NotNowError(f"case {number}: it has {FILES_EACH_MAX} files, as many as there may be")
            row = {
                "file_id": file_id, "case_number": number, "media_type": kind, "size": len(content),
                "name": seal(self._key, name.encode(), _place(file_id, "name"), self._draw),
                "person": who.name, "made_ms": turn.now,
            }  # fmt: skip
            # The file is there before anything says so: a crash between leaves one that nothing names.
            self._files.keep(box, file_id)
            turn.connection.execute(case_files.insert().values(**row))
            self._change(turn, "attach", {"file": file_id, "size": len(content)}, note)
            found = listed_files(turn.connection, self._key, number)
            return next(one for one in found if one["file"] == file_id)

    def content(self, who: Session, origin: str, number: int, file_id: str) -> tuple[str, bytes]:
        """What a file is, and its content; that it was handed out is in the audit log."""
        with self._acting(who, origin, "look_file", number, "") as turn:
            ours = (case_files.c.case_number == number) & (case_files.c.file_id == file_id)
            row = turn.connection.execute(select(case_files).where(ours)).one_or_none()
            if row is None:
                raise MissingError(f"case {number}: has no such file")
            self._note(turn, "look_file", {"file": file_id})
            return row.media_type, unseal(self._key, self._files.read(row.file_id), _place(file_id, "content"))

    def list(self, number: int) -> list[dict[str, Any]]:
        """The files of a case, the oldest first."""
        with self._store.reading() as connection:
            return listed_files(connection, self._key, number)

    def sweep(self) -> int:
        """Let go of files that nothing names, left by a crash; how many."""
        with self._store.reading() as connection:
            known = set(connection.scalars(select(case_files.c.file_id)))
        return self._files.sweep(known, (self._clock() - ORPHANS_MS) / SECOND_MS)


def listed_files(connection: Connection, key: bytes, number: int) -> list[dict[str, Any]]:
    """The files of a case as JSON shows them, the oldest first."""
    ours = select(case_files).where(case_files.c.case_number == number)
    return [
        {"file": row.file_id, "media_type": row.media_type, "size": row.size, "person": row.person,
         "time": show_moment(row.made_ms), "name": unseal(key, bytes(row.name), _place(row.file_id, "name")).decode()}
        for row in connection.execute(ours.order_by(case_files.c.made_ms, case_files.c.file_id))
    ]  # fmt: skip


def _place(file_id: str, what: str) -> str:
    """What a box is bound to: not to the case, since files go along when cases become one."""
    return f"case file {file_id} {what}"
