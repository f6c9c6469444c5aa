"""Bundles that follow one another in a replay, where the log's `bundle_activated` records say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from bonafide.core.errors import StateError, UsageError
from bonafide.core.text import show_value
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import ABSORBED, DERIVED
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.swap import NotSwappableError
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import Chunk
from bonafide.lab.labels import ROW, LabelQueue


class Succession:
    """The bundles of a folder, each in a folder of its own that its hash names, and how an engine goes on with one."""

    def __init__(self, folder: Path, again: Callable[[], Iterable[Chunk]], rows: int) -> None:
        """`again` reads the log once more from its start; `rows` is how many of them one walk takes at most."""
        self._folder = folder
        self._again = again
        self._rows = rows

    def follow(self, engine: Engine, content: str, walked: int) -> None:
        """Let an engine go on with the bundle of this hash, from the next event on: at once where what it keeps is
        enough, else from a state that takes in the `walked` rows before once more.

        Raises UsageError where the bundle is not in the folder, ConfigError where it cannot be read, and StateError
        where it cannot take over.
        """
        if content == engine.bundle.hash:
            return
        bundle = self._bundle(content)
        try:
            engine.swap(bundle)
        except NotSwappableError:
            self._warm(engine, bundle, walked)

    def _bundle(self, content: str) -> Bundle:
        folder = self._folder / content
        # What a log says must not lead out of the folder.
        if not content.isalnum() or not folder.is_dir():
            raise UsageError(
                f"--bundles {self._folder}: the log activates the bundle {show_value(content)}, and there is no folder "
                f"of this name; put the bundle there, or replay without --bundles"
            )
        bundle = load_bundle(folder)
        if bundle.hash != content:
            raise UsageError(
                f"--bundles {folder}: the hash of what is there is {bundle.hash}; the bundle was changed after it was "
                f"activated"
            )
        return bundle

    def _warm(self, engine: Engine, bundle: Bundle, walked: int) -> None:
        warming, labels = Warming(engine, bundle), LabelQueue(engine.bundle.settings.lateness_ms)
        for chunk in self._again():
            if walked == 0:
                break
            if chunk.frame.is_empty():
                continue
            woven = labels.weave(chunk.frame, chunk.truth)[:walked]
            walked -= woven.height
            for first in range(0, woven.height, self._rows):
                frame = woven[first : first + self._rows]
                how = np.where(frame[ROW].is_not_null().to_numpy(), ABSORBED, DERIVED)
                warming.absorb_columns(kinds_of(frame), columns_of(frame), how)
        try:
            engine.adopt(warming)
        except StateError:
            raise StateError(
                f"the bundle {bundle.hash} cannot take over at event {engine.state.seq} of the log: under its settings "
                f"other events would have been taken in before; replay the log with --bundle {bundle.hash} alone"
            ) from None
