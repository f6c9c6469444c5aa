"""What somebody has written and not proposed yet: texts of a bundle's files, kept beside their session.

They outlive a page that is left, a check and a refused proposal; they end with the session, as all that the console
remembers does.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from weakref import WeakKeyDictionary

from bonafide.apps.console.held import Held

BUNDLES_MAX: Final = 3
"""Bundles that one person changes at one time; the one that was touched the longest ago goes first."""
CHARACTERS_MAX: Final = 1_500_000
"""Of all texts of one draft; the API takes 6 MiB."""


class Draft:
    """What somebody changed in one bundle."""

    def __init__(self, base: str) -> None:
        self.base: Final = base
        self.files: dict[str, str] = {}
        """Path -> text, of those that differ from the bundle's."""

    def write(self, name: str, text: str, before: str | None) -> bool:
        """Keep a text; one that is as it was before is no change. False where the draft would be too long."""
        if text == before:
            self.files.pop(name, None)
            return True
        others = sum(len(one) for path, one in self.files.items() if path != name)
        if others + len(text) > CHARACTERS_MAX:
            return False
        self.files[name] = text
        return True


_kept: WeakKeyDictionary[Held, OrderedDict[str, Draft]] = WeakKeyDictionary()


def draft_of(held: Held, base: str) -> Draft:
    """What somebody changed in a bundle; nothing at first."""
    drafts = _kept.setdefault(held, OrderedDict())
    found = drafts.setdefault(base, Draft(base))
    drafts.move_to_end(base)
    while len(drafts) > BUNDLES_MAX:
        drafts.popitem(last=False)
    return found


def drop_draft(held: Held, base: str) -> None:
    """Forget what somebody changed in a bundle."""
    _kept.get(held, OrderedDict()).pop(base, None)
