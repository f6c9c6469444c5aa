"""The vault's clear ids as the outbox asks for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bonafide.office.outbox.clear import ClearTexts, Pair
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import Vault


def clear_texts_of(vault: Vault) -> ClearTexts:
    """What a vault knows of pairs. It is the platform's own id, on its way back to the platform: nobody looks."""

    def clear_texts(pairs: Collection[Pair]) -> Mapping[Pair, str]:
        found = vault.clear_texts([Subject(*pair) for pair in pairs])
        return {(one.subject_type, one.pseudonym): text for one, text in found.items()}

    return clear_texts
