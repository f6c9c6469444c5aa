"""The office's store of a data directory, for commands and the worker: the one that `bonafide serve` has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bonafide.office.store.database import Store
    from bonafide.office.store.datadir import DataDir


def open_office(data: DataDir) -> Store:
    """The store that `store_url` names in the data directory's settings file or the environment, else `office.db`.

    Raises ConfigError where settings are wrong, UsageError and StoreError as `open_store` does.
    """
    from bonafide.apps.settings import read_setting
    from bonafide.office.store.opening import open_store

    file = data.settings if data.settings.exists() else None
    return open_store(data, read_setting("store_url", file, os.environ))
