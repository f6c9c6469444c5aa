"""Whether a running engine can go on with another bundle, and the compiled form that fits what it keeps."""

from __future__ import annotations

from typing import Literal

from bonafide.core.errors import StateError
from bonafide.engine.bundle import Bundle
from bonafide.engine.compiled import Compiled, compile_bundle
from bonafide.engine.features.plan import Layout, NotKeptError

SwapKind = Literal["at-once", "warm"]


class NotSwappableError(StateError):
    """A bundle that cannot take over as things stand; `features` are those that must be warmed from the log."""

    def __init__(self, message: str, features: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.args = (message, features)
        self.features = features


def fit(bundle: Bundle, running: Bundle, layout: Layout) -> Compiled:
    """A bundle compiled onto a running engine's layout.

    Raises NotSwappableError where its features need more than is kept, or where settings differ.
    """
    if bundle.settings != running.settings:
        changed = [
            name for name, old, new in zip(bundle.settings._fields, running.settings, bundle.settings, strict=True)
            if old != new
        ]  # fmt: skip
        raise NotSwappableError(
            f"the bundle changes {', '.join(changed)}, which what is kept depends on: warm it from the log"
        )
    try:
        return compile_bundle(
            bundle.features, bundle.conditions, bundle.settings, layout, bundle.compiled.scheme, bundle.besides
        )  # fmt: skip
    except NotKeptError as error:
        told = f"the bundle's {', '.join(error.names)} need more than is kept: warm it from the log"
        raise NotSwappableError(told, error.names) from None


def swap_kind(old: Bundle, new: Bundle) -> SwapKind:
    """Whether an engine that started with `old` can take `new` at once, or must warm it from the log."""
    try:
        fit(new, old, old.compiled.features.layout)
    except NotSwappableError:
        return "warm"
    return "at-once"
