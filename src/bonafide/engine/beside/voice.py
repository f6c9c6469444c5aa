"""One bundle ready to speak: its decisions' templates and their forms, in one arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import TYPE_NAMES
from bonafide.engine.answered import Forms
from bonafide.engine.bundle import Bundle
from bonafide.engine.templates import Template, Templates


class Voice(NamedTuple):
    """A bundle that decides."""

    templates: Templates
    forms: Forms
    follows: bool
    """Whether it tells what an event brought home."""

    def template(self, kind: int, verdict: list[int]) -> Template:
        """The template of a verdict on an event of type code `kind`."""
        templates = self.templates
        if templates.is_plain(verdict):
            return templates.plain[kind]
        return templates.of(templates.key_of(kind, verdict))

    def choose(
        self, kinds: NDArray[np.int64], verdicts: NDArray[np.int64], decided: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], list[Template]]:
        """The templates of many verdicts: of each row its place in a list of them, -1 where it is not decided."""
        keys = self.templates.keys_of(kinds, verdicts)
        plain = decided & (keys[:, 1:] == 0).all(axis=1)
        template = np.full(len(kinds), -1, dtype=np.int64)
        # Nearly all events are plain: one template a type. What fired is grouped by what fired.
        template[plain] = kinds[plain]
        fired = decided & ~plain
        distinct, inverse = np.unique(keys[fired], axis=0, return_inverse=True)
        template[fired] = len(TYPE_NAMES) + inverse.reshape(-1)
        return template, [*self.templates.plain, *(self.templates.of(tuple(key)) for key in distinct.tolist())]


def voice_of(
    bundle: Bundle, parts: Sequence[str], arm: str | None = None, *, follows: bool = True
) -> Voice:  # fmt: skip
    """A bundle's voice while these parts do not answer."""
    templates = Templates(bundle, tuple(parts), arm)
    return Voice(templates, Forms(templates), follows)
