"""What rules read, kept from one walk, so that edited rules, scores and policies are judged without walking the log.

A folder holds, of every event that is decided on, its fields and established facts as the kernels read them and the
answers of all features, as plain arrays that are mapped rather than read; `kept.json` says of which log, features and
settings they are, and the SHA-256 of every file. What does not fit to the byte is refused, with the reason.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import ABSENT, FIELDS
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import V_FAULTS, V_HITS, V_SEQ
from bonafide.engine.features.spec import Feature
from bonafide.engine.kernel import source_stamp
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.operations import CARRIED, LOCAL_HOUR, ROW_WIDTH
from bonafide.engine.shared.union import parties_of
from bonafide.engine.shared.walk import Faced, Stretch, Voter
from bonafide.lab.backtest.run import Contender, Judge
from bonafide.lab.backtest.streams import EVENTS, Streams
from bonafide.lab.intervals import Progress
from bonafide.lab.replay import WALK_ROWS
from bonafide.lab.tables import TableWriter

FORM: Final = 2
"""Of the folder; one of another form is refused."""
HEAD: Final = "kept.json"
_ROWS, _ANSWERS, _OTHERS, _EVENTS = "rows.i64", "answers.f64", "others.i64", "events.parquet"
_LABELS: Final = "labels.parquet"
_FILES: Final = (_ROWS, _ANSWERS, _OTHERS, _EVENTS)
_PLACES: Final = np.array(sorted(
    {FIELDS[name].place for cls in EVENT_CLASS.values() if cls.decided for name in cls.__struct_fields__}
    | set(range(LOCAL_HOUR, CARRIED))
))  # fmt: skip
"""Where rules can find something in the row of an event that is decided on."""
_SEQ, _FAULTS, _PARTS = 0, 1, 2


class Log(NamedTuple):
    """What a log is told apart by."""

    files: tuple[str, ...]
    """SHA-256 of each file, in order."""
    given: str
    """What else decides how it is read: the mapping, the moment beyond which events are refused, the secret."""


def log_of(files: Sequence[Path], given: Iterable[bytes]) -> Log:
    """A log's files and whatever else decides what its records are."""
    digest = hashlib.sha256()
    for part in given:
        digest.update(len(part).to_bytes(8, "big") + part)
    return Log(tuple(map(_sha256, files)), digest.hexdigest())


class FolderKeeper:
    """Writes a folder while a walk goes on; `finish` gives it its name."""

    def __init__(self, folder: Path, log: Log, all_bundles: Sequence[Bundle]) -> None:
        """all_bundles: of the run whose first walk is kept."""
        _need_ours(folder)
        party = parties_of(all_bundles)[0]
        bundles, features = [all_bundles[i] for i in party.bundles], party.union.features
        self._folder, self._part = folder, folder.with_name(f".{folder.name}.part")
        self._features = len(features)
        self._head: dict[str, Any] = {
            "form": FORM, "engine": source_stamp(), "log": list(log.files), "given": log.given,
            "settings": _digest(bundles[0].settings), "features": [_digest(_nameless(f)) for f in features],
            "followed": [any(b.compiled.features.layout.followed[i] for b in bundles) for i in range(2)],
            "established": _established(bundles),
        }  # fmt: skip
        shutil.rmtree(self._part, ignore_errors=True)
        self._part.mkdir(parents=True)
        self._open: dict[str, BinaryIO] = {name: (self._part / name).open("wb") for name in (_ROWS, _ANSWERS, _OTHERS)}
        self._events = TableWriter(self._part / _EVENTS, pl.Schema(EVENTS))
        self._degraded: dict[tuple[str, ...], int] = {}
        self._count = 0
        self._lists_change = False

    def lists_change(self) -> None:
        """What is kept tells no outcomes: who is on a list when, only a walk knows."""
        self._lists_change = True

    def keep(self, facts: pl.DataFrame, stretches: Sequence[Stretch]) -> None:
        """Add what a batch faced."""
        for stretch in stretches:
            faced = stretch.faced
            others = np.zeros((len(faced.place), 3), dtype=np.int64)
            others[:, _SEQ], others[:, _FAULTS] = faced.seq, faced.faults
            others[:, _PARTS] = self._degraded.setdefault(stretch.degraded, len(self._degraded))
            self._open[_ROWS].write(np.ascontiguousarray(faced.rows[:, _PLACES]).data)
            self._open[_ANSWERS].write(np.ascontiguousarray(faced.answers[:, : self._features]).data)
            self._open[_OTHERS].write(others.data)
        self._events.append(facts)
        self._count += facts.height

    def finish(self, labels: pl.DataFrame | None, read: int, refused: int) -> None:
        """Write what says what it is, and put it in the place of an earlier one."""
        for file in self._open.values():
            file.close()
        self._events.finish()
        (pl.DataFrame(schema={"event_id": pl.String, "label": pl.Int8}) if labels is None else labels).write_parquet(
            self._part / _LABELS
        )
        head = self._head | {
            "count": self._count, "read": read, "refused": refused,
            "degraded": [list(parts) for parts in self._degraded],
            "labelled": labels is not None, "lists_change": self._lists_change,
            "sha256": {name: _sha256(self._part / name) for name in (*_FILES, _LABELS)},
        }  # fmt: skip
        (self._part / HEAD).write_text(json.dumps(head), encoding="utf-8")
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._part.rename(self._folder)

    def discard(self) -> None:
        """Remove what an unfinished walk leaves."""
        for file in self._open.values():
            file.close()
        shutil.rmtree(self._part, ignore_errors=True)


class StaleError(Exception):
    """Why what is kept cannot be used."""


class Kept:
    """A folder that was found whole and of this log. Raises StaleError where it is not."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder = folder
        self._head: dict[str, Any] = _read_head(folder)
        if self._head["form"] != FORM or self._head["engine"] != source_stamp():
            raise StaleError("it was kept by another version")
        if (self._head["log"], self._head["given"]) != (list(log.files), log.given):
            raise StaleError("it is of another log, or of this one read otherwise")
        if self._head["lists_change"]:
            raise StaleError("the log changes lists, which only a walk follows")
        for name, sha256 in self._head["sha256"].items():
            if not (folder / name).is_file() or _sha256(folder / name) != sha256:
                raise StaleError(f"{name} is damaged")
        self.count: int = self._head["count"]
        self.read: int = self._head["read"]
        self.refused: int = self._head["refused"]
        self._place = {digest: i for i, digest in enumerate(self._head["features"])}

    def need(self, bundle: Bundle) -> None:
        """Raises StaleError where a bundle reads more than is kept."""
        if self._head["settings"] != _digest(bundle.settings):
            raise StaleError("the settings of bundle.yaml differ")
        missing = [f.name for f in bundle.features if _digest(_nameless(f)) not in self._place]
        if missing:
            raise StaleError(f"it does not keep {', '.join(missing[:3])}{' and more' if len(missing) > 3 else ''}")
        followed = bundle.compiled.features.layout.followed
        if any(mine and not kept for mine, kept in zip(followed, self._head["followed"], strict=True)):
            raise StaleError("rules read where money went or what is shared, which was not followed")
        if any(
            entry.until is not None for entry in (*chain(*bundle.entries.values()), *(s.entry for s in bundle.snoozes))
        ):
            raise StaleError("entries of lists end at their time, which only a walk follows")
        established = self._head["established"]
        if any(established.get(by) != types for by, types in _established([bundle]).items()):
            raise StaleError("other established events were counted")

    def judge(
        self, contenders: Sequence[Contender], kernels: Kernels, secret: bytes, progress: Progress
    ) -> Streams:  # fmt: skip
        """What each bundle makes of what is kept; each must have been found to fit by `need`."""
        for one in contenders:
            self.need(one.bundle)
        events = pl.read_parquet(self._folder / _EVENTS)
        judges = [
            Judge(one, self._voter(one.bundle, kernels, secret), kernels, "cache") for one in contenders
        ]  # fmt: skip
        if self.count:
            rows, others = self._numbers(_ROWS), self._numbers(_OTHERS)
            answers = self._numbers(_ANSWERS).view(np.float64)
            for first, last in _blocks(others[:, _PARTS]):
                stretch = _stretch(rows[first:last], answers[first:last], others[first:last], self._head["degraded"])
                for judge in judges:
                    judge.judge_kept(stretch)
                progress(last, self.count)
        labels = pl.read_parquet(self._folder / _LABELS) if self._head["labelled"] else None
        return Streams(events, [judge.finish() for judge in judges], labels)

    def _numbers(self, name: str) -> NDArray[np.int64]:
        """A file's numbers, a row for each event, where they lie."""
        return np.memmap(self._folder / name, dtype=np.int64, mode="r").reshape(self.count, -1)

    def _voter(self, bundle: Bundle, kernels: Kernels, secret: bytes) -> Voter:
        columns = np.array([self._place[_digest(_nameless(f))] for f in bundle.features], dtype=np.int64)
        return Voter(bundle.compiled, columns, secret, kernels, np.full(ROW_WIDTH, -1, dtype=np.int64))


def _stretch(
    rows: NDArray[np.int64], answers: NDArray[np.float64], others: NDArray[np.int64], degraded: list[list[str]]
) -> Stretch:
    n = len(rows)
    whole = np.full((n, ROW_WIDTH), ABSENT, dtype=np.int64)
    whole[:, _PLACES] = rows
    verdicts = np.zeros((n, V_HITS), dtype=np.int64)
    verdicts[:, V_SEQ], verdicts[:, V_FAULTS] = others[:, _SEQ], others[:, _FAULTS]
    faced = Faced(np.arange(n), whole, np.asarray(answers), verdicts[:, V_SEQ], verdicts[:, V_FAULTS])
    return Stretch(0, verdicts, np.zeros((0, 0), np.int64), -1, tuple(degraded[int(others[0, _PARTS])]), faced)


def _blocks(parts: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Stretches of at most WALK_ROWS events during which the same parts did not answer."""
    ends = [*(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(parts)]
    first = 0
    for end in ends:
        while first < end:
            last = min(first + WALK_ROWS, end)
            yield first, last
            first = last


def _need_ours(folder: Path) -> None:
    """Refuses to put itself in the place of anything that it did not write."""
    if folder.exists() and not (folder.is_dir() and ((folder / HEAD).is_file() or not any(folder.iterdir()))):
        raise UsageError(f"{folder}: is there and holds no kept features; name another folder")


def _read_head(folder: Path) -> dict[str, Any]:
    try:
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StaleError("there is nothing whole in it") from None
    wanted = {"form", "engine", "log", "given", "settings", "features", "followed", "established", "count", "read",
              "refused", "degraded", "labelled", "lists_change", "sha256"}  # fmt: skip
    if not isinstance(head, dict) or set(head) != wanted:
        raise StaleError("it was kept by another version")
    return head


def _nameless(feature: Feature) -> Feature:
    return feature._replace(name="")


def _established(bundles: Sequence[Bundle]) -> dict[str, list[str]]:
    """The established events that are counted, by their keys."""
    found: dict[str, set[str]] = {}
    for feature in (f for bundle in bundles for f in bundle.features if f.derived):
        found.setdefault(",".join(feature.by), set()).update(feature.types)
    return {by: sorted(types) for by, types in found.items()}


def _digest(value: object) -> str:
    """Of a value that is made of tuples, texts and numbers alone."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
