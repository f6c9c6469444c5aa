"""Clear texts from the vault for a command, each look of it in the audit log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.apps.runtime.subjects import ClearOf

TEXTS_CACHED: Final = 65_536
"""Texts that are remembered while a command runs, so that each is looked up, and noted, about once."""


@contextmanager
def clear_texts(data: Path) -> Iterator[ClearOf]:
    """What the vault of a data directory knows: the text of (kind, hash), or None."""
    from bonafide.apps.cli.access_user import terminal_actor
    from bonafide.apps.cli.stores import open_office
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.vault.errors import RestrictedError, UnknownSubjectError
    from bonafide.office.vault.fields import ID_FIELD, check_type
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE
    from bonafide.office.vault.opening import open_vault
    from bonafide.office.vault.subjects import Subject

    folder = DataDir.open(data, create=False)
    with open_office(folder) as store:
        vault = open_vault(store, folder, os.environ.get(MASTER_KEY_VARIABLE))

        @lru_cache(TEXTS_CACHED)
        def clear_of(kind: str, value: int) -> str | None:
            try:
                return vault.look(terminal_actor(), Subject(check_type(kind), value)).get(ID_FIELD)
            except (UnknownSubjectError, RestrictedError, UsageError):
                return None

        yield clear_of
