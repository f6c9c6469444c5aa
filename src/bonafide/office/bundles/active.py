"""Which bundle a proposal is held against: the one that the history has in force, else the one that decided last."""

from __future__ import annotations

from pathlib import Path

from bonafide.office.bundles.errors import NotNowError
from bonafide.office.bundles.life import BundleLife
from bonafide.office.bundles.steps import in_force
from bonafide.office.journal.view import view_journal


def active_bundle(folder: Path, life: BundleLife) -> str:
    """The hash of the bundle in force; NotNowError where nothing has decided yet, StateError without a journal."""
    step = in_force(*life.read())
    if step is not None:
        return step.hash
    with view_journal(folder) as view:
        found = view.head.bundle
    if found is None:
        raise NotNowError("no bundle has decided here yet; start bonafide serve once")
    return found
