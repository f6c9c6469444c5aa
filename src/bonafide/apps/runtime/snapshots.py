"""Snapshots of the engine beside the journal: written by a forked child while the engine goes on, checked when read.

A fork sees the engine's memory as it stood at that moment, and the system copies only the pages that are written to
later; copying all of it would stop decisions for as long as that takes.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError
from bonafide.engine.engine import Engine
from bonafide.engine.snapshot import read_snapshot, write_snapshot
from bonafide.office.journal.journal import Journal
from bonafide.office.store.datadir import sync

KEPT: Final = 2
"""The newest, and the one before in case that it turns out to be damaged."""
SUFFIX: Final = ".snapshot"
_UNFINISHED: Final = ".unfinished"


class Snapshots:
    """The snapshots of one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        for path in folder.glob(f"*{_UNFINISHED}"):
            path.unlink()
        self._child = 0
        self.last_seq = 0
        """Where the newest stands: that was put back, or begun since."""

    def load_newest(
        self, engines: Callable[[int], Iterable[Engine]], journal: Journal
    ) -> tuple[Engine | None, int, tuple[str, ...]]:  # fmt: skip
        """Put back the newest sound one; returns the engine and where it stands (None and 0: there is no such), and
        what is wrong with others.

        engines: fresh ones that a snapshot at a place may fit. Those that stand beyond the journal, as after an older
        one was put back, are removed: they will never fit, and would pass for the newest, so that no other is due or
        kept. From a start on the one that was put back counts.
        """
        refused: list[str] = []
        self.last_seq = 0
        for path in self._paths():
            seq, error = int(path.stem), "no bundle that is kept has its shape"
            if seq > journal.next_seq:
                refused.append(f"{path.name}: it was taken beside another log, or one that went on beyond event {seq}")
                path.unlink(missing_ok=True)
                continue
            for engine in engines(seq):
                try:
                    self.last_seq = _read(path, engine, journal)
                except (StateError, OSError) as wrong:
                    error = str(wrong)
                else:
                    return engine, self.last_seq, tuple(refused)
            refused.append(f"{path.name}: {error}")
        return None, 0, tuple(refused)

    def begin(self, engine: Engine, journal: Journal) -> bool:
        """Begin one in a child; False while the one before is not done. The engine must be where the journal ends.

        Raises OSError where no child can be made or an old one cannot be removed; it is not due again at once then.
        """
        if self.busy():
            return False
        seq, chain = journal.next_seq, journal.chain
        self.last_seq = seq
        with warnings.catch_warnings():
            # From 3.12 on Python warns of forking with threads about. The child only hashes and writes what is in
            # memory, takes no lock of ours, and leaves without cleaning up.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _end_as_child(self._folder, engine, seq, chain)
        self._child = child
        return True

    def write(self, engine: Engine, journal: Journal) -> None:
        """Write one now, and wait for it."""
        _write(self._folder, engine, journal.next_seq, journal.chain)
        self.last_seq = journal.next_seq
        self._thin_out()

    def busy(self) -> bool:
        """Whether a child still writes."""
        if self._child:
            with suppress(ChildProcessError):
                done, _ = os.waitpid(self._child, os.WNOHANG)
                if done == 0:
                    return True
            self._child = 0
            self._thin_out()
        return False

    def wait(self) -> None:
        """Wait until no child writes."""
        if self._child:
            with suppress(ChildProcessError):
                os.waitpid(self._child, 0)
            self._child = 0
            self._thin_out()

    def _paths(self) -> list[Path]:
        """Newest first."""
        found = (path for path in self._folder.glob(f"*{SUFFIX}") if path.stem.isdigit())
        return sorted(found, key=lambda path: int(path.stem), reverse=True)

    def _thin_out(self) -> None:
        for path in self._paths()[KEPT:]:
            path.unlink(missing_ok=True)


def _read(path: Path, engine: Engine, journal: Journal) -> int:
    def log_at(seq: int) -> str:
        chain = journal.chain_at(seq) if seq <= journal.next_seq else None
        return "" if chain is None else chain.hex()

    with path.open("rb") as file:
        read_snapshot(engine, file, log_at)
    return engine.state.seq


def _write(folder: Path, engine: Engine, seq: int, chain: bytes) -> None:
    """Write, sync and rename, so that what has the name is whole.

    Where that fails nothing stays: on a full disk a part of a snapshot would take the room that the journal waits for.
    """
    unfinished = folder / f"{seq}{_UNFINISHED}"
    try:
        with unfinished.open("wb") as file:
            write_snapshot(engine, file, chain.hex())
        sync(unfinished)
        unfinished.rename(folder / f"{seq}{SUFFIX}")
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(folder)


def _end_as_child(folder: Path, engine: Engine, seq: int, chain: bytes) -> None:
    """What the child does; it never returns. A snapshot that fails is missing, and recovery takes longer."""
    code = 1
    try:
        # The listening socket and the journal belong to the parent: held open here, a port would stay taken.
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        _write(folder, engine, seq, chain)
        code = 0
    finally:
        os._exit(code)
