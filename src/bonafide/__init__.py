"""Bonafide decides, for every event on a pay-later platform, whether the trade behind it is genuine, and says why.

>>> import bonafide
>>> sorted(bonafide.__all__)[:3]
['Bundle', 'Decision', 'Engine']
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Bundle": "bonafide.engine.bundle",
    "Decision": "bonafide.core.decision",
    "Engine": "bonafide.engine.engine",
    "InputError": "bonafide.core.errors",
    "Payment": "bonafide.core.events",
    "Receipt": "bonafide.core.decision",
    "decode_event": "bonafide.core.door",
    "convert_event": "bonafide.core.door",
    "load_bundle": "bonafide.engine.bundle",
    "shipped_bundle": "bonafide.engine.shipped",
}
__all__ = [
    "Bundle", "Decision", "Engine", "InputError", "Payment", "Receipt", "convert_event", "decode_event",
    "load_bundle", "shipped_bundle",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `import bonafide` stays light."""
    if name not in _HOME:
        raise AttributeError(f"module 'bonafide' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
