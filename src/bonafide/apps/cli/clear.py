"""Clear texts from the vault for a command that writes out what has tokens, which is in the audit log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bonafide.apps.runtime.subjects import ClearOf

TEXTS_CACHED: Final = 65_536
"""Texts that are remembered while a command runs, so that each is looked up about once."""


@contextmanager
def clear_texts(data: Path, deed: str) -> Iterator[ClearOf]:
    """What the vault of a data directory knows: the text of (kind, hash), or None. The audit log calls it `deed`."""
    from bonafide.apps.cli.access_user import terminal_actor
    from bonafide.apps.stores import open_office
    from bonafide.office.audit.log import append
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE
    from bonafide.office.vault.opening import open_vault

    folder = DataDir.open(data, create=False)
    with open_office(folder) as store:
        vault = open_vault(store, folder, os.environ.get(MASTER_KEY_VARIABLE))
        with store.writing() as connection:
            append(connection, terminal_actor(), deed, "subjects", vault.clock())
        yield lru_cache(TEXTS_CACHED)(vault.clear_of)
