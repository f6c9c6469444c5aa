"""Forgetting leaves a mark, on both stores, for whoever keeps bases of decisions about somebody."""

from __future__ import annotations

from bonafide.apps.runtime.vault_link import VaultLink
from bonafide.office.store.database import Store
from bonafide.office.vault.forgetting import forget
from tests.office.vault.kit import ANN, open_vault


def test_a_mark_stays_until_the_bases_have_gone_and_longer_where_somebody_is_forgotten_again(store: Store) -> None:
    vault = open_vault(store)
    link = VaultLink(vault)
    made = [vault.remember(ANN, kind, "clear-1", {}) for kind in ("user", "merchant", "device")]
    before = link.standing().forgotten
    for subject in made:
        forget(vault, ANN, subject)
    assert link.standing().forgotten > before
    marked = link.marked()
    assert set(marked) == set(made[:2])
    version = link.standing().forgotten
    link.unmark({subject: moment - 1 for subject, moment in marked.items()})
    assert link.marked() == marked
    link.unmark(marked)
    assert link.marked() == {}
    assert link.standing().forgotten == version
