"""The first admin of a data directory: made when there is nobody yet, with a one-time password in a file.

The file has mode 0600 and goes away when the admin chooses a password. No log and no answer ever holds the password.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError
from bonafide.core.secret import Secret
from bonafide.office.audit.entry import ITSELF
from bonafide.office.people.passwords import one_time_password
from bonafide.office.people.people import People
from bonafide.office.store.datadir import DataDir, sync_folder, write_once

FIRST_ADMIN: Final = "admin"
FIRST_PASSWORD_FILE: Final = "first-admin-password"
_FORM: Final = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){5}\n")


def ensure_first_admin(
    people: People, data: DataDir, draw: Callable[[int], bytes] = secrets.token_bytes
) -> Path | None:  # fmt: skip
    """Make the user `admin` where there is nobody; returns the file with the one-time password, or None.

    The file is written first: a crash in between leaves a password that the next start gives to the admin.
    """
    if people.list():
        return None
    path = data.folder / FIRST_PASSWORD_FILE
    write_once(path, one_time_password(draw).reveal() + "\n")
    text = path.read_text(encoding="ascii", errors="replace")
    if not _FORM.fullmatch(text):
        raise StateError(f"{path}: is not the file that was written here; remove it, and start again")
    people.create(ITSELF, FIRST_ADMIN, "admin", password=Secret(text.strip()))
    return path


def password_chosen(data: DataDir) -> Callable[[str], None]:
    """What SignIn calls when somebody chose a password: the first admin's file is worth nothing then, and goes."""

    def chosen(name: str) -> None:
        path = data.folder / FIRST_PASSWORD_FILE
        if name == FIRST_ADMIN and path.exists():
            path.unlink(missing_ok=True)
            sync_folder(data.folder)

    return chosen
