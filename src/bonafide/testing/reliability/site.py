"""A server under trial with a client that remembers every promise: drive it, break it, start it again, compare."""

from __future__ import annotations

import http.client
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.testing.faults.injection import NOWHERE, Injection
from bonafide.testing.faults.server import Launch, Server
from bonafide.testing.load import Asker, Feed, Ledger, Load, Platform, Tally, arrays, run_load, singles
from bonafide.testing.load.ledger import read_answer
from bonafide.testing.reliability.result import Row, now_ms

CONNECTIONS: Final = 8
CHECKED: Final = 200
"""Acknowledged answers that are asked for again after a restart: the newest half, the rest spread over all."""
COME_AGAIN: Final = 503
SHOWN_MAX: Final = 3
LOAD_S: Final = 60.0
"""How long a load may take to get what was asked of it."""
BEHIND_MS: Final = 600_000
"""How far behind the clock a platform's events begin: the drills make them faster than their own time goes."""
_Marks = dict[str, bytes]
Replays = Callable[[Sequence[bytes]], "_Marks"]
"""From the lines of an exported log to the mark of each event's answer (see `Ledger`)."""


class Found(NamedTuple):
    """What a comparison with the ledger found."""

    checked: int
    lost: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether everything was as it was promised."""
        return not (self.lost or self.second or self.differing)


class Site:
    """One data directory with its server, its key, its events and its ledger, in a folder of its own."""

    def __init__(
        self, folder: Path, launch: Launch, replays: Replays, seed: int, row: Row, *, data: Path | None = None,
        array: int | None = None,
    ) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.launch, self.replays, self.row = folder, launch, replays, row
        self.data = data or folder / "data"
        self.server = Server(self.data, launch, log=folder / "server.log")
        self.key = make_key(launch, self.data)
        self.ledger = Ledger()
        self.platform = Platform(seed, now_ms() - BEHIND_MS)
        self.feed = Feed(
            singles(self.platform, self.key) if array is None else arrays(self.platform, self.key, array)
        )  # fmt: skip
        self._counted: set[tuple[str, str]] = set()

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.kill_all()  # its folder is removed next, and a worker that ends removes files of its store
        self.row.acknowledged += self.ledger.acknowledged

    def start(
        self, injections: Sequence[Injection] = (), *, calls: Sequence[str] = (), strace_log: Path = NOWHERE,
        recovery: bool = False,
    ) -> bool:  # fmt: skip
        """Start the server; whether it became ready. With `recovery` the time it took is counted as one."""
        took_s = self.server.start(injections, calls=calls, strace_log=strace_log)
        if took_s is not None and recovery:
            self.row.recoveries_ms.append(took_s * 1e3)
        return took_s is not None

    def load(
        self, *, events: int | None = None, seconds: float = LOAD_S, connections: int = CONNECTIONS,
        rate: float | None = None, again: bool = True, enough: Callable[[], bool] | None = None,
    ) -> Tally:  # fmt: skip
        """Send events until so many more are acknowledged, `enough()` holds, the time is up or the server is gone."""
        if events is not None:
            goal = self.ledger.acknowledged + events
            enough = lambda: self.ledger.acknowledged >= goal
        return run_load(
            lambda: Load(self.server.port, self.feed, self.ledger, connections=connections, rate=rate, again=again),
            seconds, enough,
        )  # fmt: skip

    def load_and_kill(self, events: int) -> None:
        """Send events, and kill the server when so many more are acknowledged, with others under way."""
        goal = self.ledger.acknowledged + events

        def enough() -> bool:
            if self.ledger.acknowledged >= goal:
                self.server.signal(signal.SIGKILL)
            return False

        run_load(lambda: Load(self.server.port, self.feed, self.ledger, connections=CONNECTIONS), LOAD_S, enough)
        self.server.kill()

    def ask(self) -> Asker:
        """A connection for questions."""
        return Asker(self.server.port, self.key)

    def check(self, at_most: int = CHECKED) -> Found:
        """Ask the running server again for decisions that it acknowledged; counts what it finds in the row.

        Stops early, counting nothing against the server, when it ends meanwhile. What it says to come again for (503)
        is left to the comparison of the whole log, as long as it tells some.
        """
        names = list(dict.fromkeys([*list(self.ledger.marks)[-at_most // 2 :], *self.ledger.ids(at_most // 2)]))
        decided = [name for name in names if len(self.ledger.marks[name]) > 8]
        lost, differing, checked, away = [], [], 0, 0
        with self.ask() as asker:
            for name in decided:
                try:
                    reply = asker.decision(name)
                except (OSError, http.client.HTTPException):
                    break
                checked += 1
                if reply.status == COME_AGAIN:
                    away += 1
                elif reply.status == 404:
                    lost.append(name)
                elif reply.status != 200 or read_answer(reply.body).mark != self.ledger.marks[name]:
                    differing.append(name)
        if checked and away == checked:
            self.row.broke(f"none of {checked} acknowledged answers was told: come again")
        return self.count(Found(checked, tuple(lost), (), tuple(differing)))

    def check_log(self, data: Path | None = None) -> Found:
        """Export the log of the server, which must not run, and compare it whole with the ledger; counts in the row."""
        found = self.count(compare(self.export(data), self.ledger, self.replays))
        if found.checked < self.ledger.acknowledged:
            self.row.note(
                f"{found.checked:,} of {self.ledger.acknowledged:,} acknowledged ids were remembered and compared"
            )
        return found

    def export(self, data: Path | None = None) -> list[bytes]:
        """The lines of the exported log."""
        out = self.folder / "log.ndjson"
        self.launch.run("journal", "export", "--data", str(data or self.data), "--out", str(out))
        lines = out.read_bytes().splitlines()
        out.unlink()
        return lines

    def count(self, found: Found) -> Found:
        """Count in the row what was found, each id once."""
        told = []
        for what in ("lost", "second", "differing"):
            new = [name for name in getattr(found, what) if (what, name) not in self._counted]
            self._counted |= {(what, name) for name in new}
            setattr(self.row, what, getattr(self.row, what) + len(new))
            if new:
                told.append(f"{what} {len(new)}: {', '.join(new[:SHOWN_MAX])}")
        if told:
            self.row.note("; ".join(told))
        return found

    def forget_counts(self) -> None:
        """What is found from now on counts anew: the server starts from another store."""
        self._counted.clear()


def compare(lines: Sequence[bytes], ledger: Ledger, replays: Replays) -> Found:
    """Whether a log holds every acknowledged event once, and replaying it gives every acknowledged answer."""
    names = Counter(_read_id(line).event_id for line in lines)
    replayed = replays(lines)
    return Found(
        len(ledger.marks), tuple(name for name in ledger.marks if name not in replayed),
        tuple(name for name, times in names.items() if times > 1),
        (*(name for name, mark in ledger.marks.items() if replayed.get(name, mark) != mark), *ledger.changed),
    )  # fmt: skip


class _Named(msgspec.Struct, gc=False):
    event_id: str


_read_id: Final = msgspec.json.Decoder(_Named).decode


def make_key(launch: Launch, data: Path) -> str:
    """A key that may send a platform's events."""
    told: dict[str, Any] = msgspec.json.decode(
        launch.run("access", "key", "create", "--role", "platform", "--data", str(data), "--json")
    )
    return str(told["key"])


def engine_replays(bundle: str = "paylater") -> Replays:
    """Replays a log by the engine in this process, under a shipped bundle."""
    from bonafide.core.decision import Decision
    from bonafide.core.door import decode_event
    from bonafide.engine.bundle import load_bundle
    from bonafide.engine.engine import DEFAULT_SECRET, Engine
    from bonafide.engine.kernels import load_kernels
    from bonafide.engine.shipped import find_bundle
    from bonafide.testing.load.ledger import decision_mark

    loaded, kernels = load_bundle(find_bundle(bundle)), load_kernels()

    def replay(lines: Sequence[bytes]) -> _Marks:
        """A fresh engine takes every line in, in order."""
        engine = Engine(loaded, secret=DEFAULT_SECRET, kernels=kernels)
        marks: _Marks = {}
        for answer in _answers(engine, lines):
            if isinstance(answer, Decision):
                marks.setdefault(answer.event_id, decision_mark(answer.digest))
            elif answer.seq is not None:
                marks.setdefault(answer.event_id, answer.seq.to_bytes(8, "big"))
        return marks

    def _answers(engine: Engine, lines: Sequence[bytes]) -> Iterable[Any]:
        for start in range(0, len(lines), 4_096):
            yield from engine.decide([decode_event(line) for line in lines[start : start + 4_096]])

    return replay
