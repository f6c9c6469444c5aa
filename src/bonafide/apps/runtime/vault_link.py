"""The vault as the deciding process sees it: what it has taken in, and what a token stands for."""

from __future__ import annotations

from collections.abc import Mapping

from bonafide.apps.runtime.intake import Standing
from bonafide.office.vault.bases import marked_for_bases, unmark_for_bases
from bonafide.office.vault.learning import taken
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import FAMILY, Vault


class VaultLink:
    """A vault for `Runtime`; safe in any thread."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def standing(self) -> Standing:
        """What it has taken in, and how often somebody was forgotten. Raises StateError."""
        with self._vault.store.reading() as connection:
            done = taken(connection)
        return Standing(done, self._vault.store.version(FAMILY))

    def marked(self) -> dict[Subject, int]:
        """Whose bases are to be deleted, and when they were forgotten. Raises StateError."""
        with self._vault.store.reading() as connection:
            return marked_for_bases(connection)

    def unmark(self, gone: Mapping[Subject, int]) -> None:
        """They are deleted. Raises StateError."""
        with self._vault.store.writing() as connection:
            unmark_for_bases(connection, gone)

    def clear_of(self, kind: str, value: int) -> str | None:
        """The text that a hash stands for, or None. Raises StateError."""
        return self._vault.clear_of(kind, value)
