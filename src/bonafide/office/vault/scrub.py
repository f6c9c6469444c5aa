"""After something was forgotten: what the database keeps of old rows for its own sake goes too.

SQLite overwrites what is deleted (`secure_delete`), but for what was copied when pages were balanced: one deleted value
in thirty thousand still stood in the gap of some page. So the file is written anew, without gaps, and the write-ahead
log, in which older pages stand, is moved into it and cut to nothing. PostgreSQL keeps old rows until VACUUM has passed;
its log and its replicas have terms of their own, which are to be shorter than what is promised to who asks to be
forgotten.
"""

from __future__ import annotations

from typing import Final

from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import legal_holds, subject_fields, subject_texts, subjects
from bonafide.office.vault.vault import FAMILY

_SWEPT: Final = (subjects, subject_fields, subject_texts, legal_holds)


def scrub(store: Store) -> bool:
    """Clear away what is left of deleted rows; whether all of it went.

    False while somebody reads, or where the database cannot be reached just then: what was forgotten is forgotten, and
    the next sweep clears away. A file in which nothing was forgotten since this store wrote it anew is not
    written again.
    """
    try:
        version = store.version(FAMILY)
        with store.outside() as connection:
            if not store.is_remote:
                if store.compacted_at != version:
                    connection.exec_driver_sql("VACUUM")
                    store.compacted_at = version
                busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                return not busy
            for table in _SWEPT:
                connection.exec_driver_sql(f"VACUUM {table.name}")
    except StoreError:
        return False
    return True
