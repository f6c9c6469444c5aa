"""Where back-tests wait and run, one at a time, and where what came of the last ones is kept."""

from __future__ import annotations

import queue
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.apps.backtests.child import run_child
from bonafide.apps.backtests.told import (
    ASKED,
    BACKTESTS,
    BUNDLE,
    ENDED,
    FIGURES,
    Asked,
    Ended,
    Progress,
    State,
    report_name,
    write_json,
)
from bonafide.core.errors import MissingError, StateError
from bonafide.office.access.keys import now_ms
from bonafide.office.bundles.errors import NotNowError

WAITING_MAX: Final = 4
"""Back-tests that wait for the one that runs."""
KEPT_MAX: Final = 20
"""Back-tests that are kept once they have ended; the oldest goes first."""
_CUT_SHORT: Final = "the service ended meanwhile; ask for it again"

Run = Callable[[Path, str, Callable[[Progress], None], threading.Event], str | None]
"""Runs one of a data directory to its end; returns why it failed, or None. The event ends it early."""


class Shown(NamedTuple):
    """A back-test and how far it has come."""

    asked: Asked
    state: State
    progress: Progress | None
    ended: Ended | None


class Room:
    """The back-tests of one data directory, in one process. Any thread may call."""

    def __init__(self, data: Path, run: Run = run_child, clock: Callable[[], int] = now_ms) -> None:
        self._home = data / BACKTESTS
        self._data, self._run, self._clock = data, run, clock
        self._line: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: dict[str, threading.Event] = {}
        """Those that have not ended, in their order, each with what ends it early."""
        self._stopped: dict[str, str] = {}
        """Who ended which early."""
        self._progress: dict[str, Progress] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(
        self, person: str, champion: str, challenger: str, name: str, files: Mapping[str, bytes] | None, *,
        days: int | None = None, fresh: bool = False,
    ) -> Shown:  # fmt: skip
        """Have a challenger (its `files`; None: the champion alone) judged beside a champion that is kept.

        NotNowError where as many wait as may, StateError where nothing can be written.
        """
        asked = Asked(
            id=secrets.token_hex(8), person=person, asked_ms=self._clock(), champion=champion, challenger=challenger,
            name=name, days=days, fresh=fresh,
        )  # fmt: skip
        with self._lock:
            if self._ended.is_set() or len(self._waiting) > WAITING_MAX:
                raise NotNowError(f"{WAITING_MAX} back-tests wait already; come again when one has ended")
            try:
                self._write(asked, files or {})
            except OSError as error:
                raise StateError(f"the back-test cannot be kept: {error.strerror}") from error
            self._waiting[asked.id] = threading.Event()
            self._line.put(asked)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="backtests", daemon=True)
                self._thread.start()
        return self.one(asked.id)

    def all(self) -> list[Shown]:
        """All that are kept, the newest first."""
        names = [path.name for path in self._home.iterdir()] if self._home.is_dir() else []
        found = []
        for name in names:
            with suppress(MissingError):
                found.append(self.one(name))
        return sorted(found, key=lambda one: (-one.asked.asked_ms, one.asked.id))

    def one(self, name: str) -> Shown:
        """One of them; MissingError where there is none of this id."""
        folder = self._home / name
        try:
            asked = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
        except (OSError, ValueError, msgspec.MsgspecError):
            raise MissingError("back-test: there is none of this id, or it is not kept any more") from None
        with self._lock:
            progress, waits = self._progress.get(name), name in self._waiting
        if waits:
            return Shown(asked, "queued" if progress is None else "running", progress, None)
        try:
            ended = msgspec.json.decode((folder / ENDED).read_bytes(), type=Ended)
        except (OSError, msgspec.MsgspecError):
            ended = Ended(done=False, told=_CUT_SHORT, begun_ms=asked.asked_ms, ended_ms=asked.asked_ms)
        return Shown(asked, "done" if ended.done else "failed", None, ended)

    def figures(self, name: str) -> dict[str, Any] | None:
        """What it found; None where it has not."""
        if self.one(name).state != "done":
            return None
        try:
            found: dict[str, Any] = msgspec.json.decode((self._home / name / FIGURES).read_bytes())
        except (OSError, msgspec.MsgspecError):
            raise StateError("what the back-test found cannot be read") from None
        return found

    def report(self, name: str, lang: str) -> bytes:
        """Its report, HTML; MissingError where there is none."""
        if self.one(name).state != "done":
            raise MissingError("back-test: it has no report")
        try:
            return (self._home / name / report_name(lang)).read_bytes()
        except OSError:
            raise MissingError("back-test: it has no report") from None

    def end(self, name: str, person: str) -> Shown:
        """End one early, whether it runs or waits; NotNowError where it has ended."""
        self.one(name)
        with self._lock:
            stop = self._waiting.get(name)
            if stop is None:
                raise NotNowError("the back-test has ended")
            self._stopped.setdefault(name, person)
            stop.set()
        return self.one(name)

    def stop(self) -> None:
        """End the one that runs, and take no more."""
        self._ended.set()
        with self._lock:
            for stop in self._waiting.values():
                stop.set()
        self._line.put(None)
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while (asked := self._line.get()) is not None and not self._ended.is_set():
            begun, told = self._clock(), self._done(asked.id)
            ended = Ended(done=told is None, told=told or "", begun_ms=begun, ended_ms=self._clock())
            with suppress(OSError):  # a full disk: it counts as cut short
                write_json(self._home / asked.id / ENDED, ended)
            with self._lock:
                del self._waiting[asked.id]
                self._progress.pop(asked.id, None)
                self._stopped.pop(asked.id, None)
            self._clear()

    def _done(self, name: str) -> str | None:
        """Run one to its end; why it failed, or None."""
        with self._lock:
            stop = self._waiting[name]
        told: str | None = None
        if not stop.is_set():
            self._note(name, Progress("starting"))
            try:
                told = self._run(self._data, name, partial(self._note, name), stop)
            except Exception as error:  # noqa: BLE001  (the next one must run whatever this one met)
                told = f"it failed ({type(error).__name__})"
        with self._lock:
            person = self._stopped.get(name)
        return told if person is None else f"{person} ended it"

    def _note(self, name: str, progress: Progress) -> None:
        with self._lock:
            self._progress[name] = progress

    def _write(self, asked: Asked, files: Mapping[str, bytes]) -> None:
        self._home.mkdir(mode=0o700, exist_ok=True)
        folder = self._home / asked.id
        folder.mkdir(mode=0o700)
        for name, content in files.items():
            path = folder / BUNDLE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        write_json(folder / ASKED, asked)

    def _clear(self) -> None:
        """Let the oldest go."""
        over = [one for one in self.all() if one.ended is not None][KEPT_MAX:]
        for one in over:
            shutil.rmtree(self._home / one.asked.id, ignore_errors=True)
