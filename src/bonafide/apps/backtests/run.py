"""One back-test, from the journal to its report: what `python -m bonafide.apps.backtests` does."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import polars as pl

from bonafide.apps.backtests.log import LogReader
from bonafide.apps.backtests.told import (
    ASKED,
    BACKTESTS,
    BUNDLE,
    FEATURES,
    FIGURES,
    LANGUAGES,
    Asked,
    Progress,
    report_name,
    write_json,
)
from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import load_bundle
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.lab.backtest.compare import compare
from bonafide.lab.backtest.kept import HEAD, FolderKeeper, Kept, Log, StaleError
from bonafide.lab.backtest.page import backtest_html
from bonafide.lab.backtest.run import BacktestRun, Contender
from bonafide.lab.backtest.streams import Streams
from bonafide.lab.inputs import RejectWriter
from bonafide.office.bundles.kept import load_kept
from bonafide.office.journal.view import View, view_journal
from bonafide.office.store.datadir import DataDir

GROWN_MAX: Final = 0.1
"""By how much the log may have grown since features were kept: an edit is then judged in seconds, on the same log as
the one before."""
KEPT_MS: Final = DAY_MS
"""How long kept features do."""
BYTES_AN_EVENT: Final = 1_000
"""Of kept features, at most and with room to spare; docs/backtest.md says what was measured."""
ROOM_BYTES: Final = 2 << 30
"""What is left free: a full disk would stop decisions."""
_UNTIL: Final = "until.json"

Tell = Callable[[Progress], None]


class Until(msgspec.Struct, frozen=True):
    """How far into the log kept features reach, and since when."""

    seq: int
    made_ms: int


class Read(NamedTuple):
    """What the bundles decided on the log."""

    streams: Streams
    until: int
    cached: bool


def run_backtest(data: Path, name: str, now_ms: int, tell: Tell) -> None:
    """Do what was asked, and write figures and reports beside it. Raises BonafideError where it cannot."""
    folder = data / BACKTESTS / name
    asked = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    kernels, contenders = load_kernels(), contenders_of(data, folder, asked)
    with view_journal(data) as view:
        log = LogReader(view.reader)
        found = _Reading(data, view, log, kernels, contenders).read(now_ms, tell, fresh=asked.fresh)
        tell(Progress("labels"))
        labels = log.labels(0 if found.cached else found.until)
    streams = found.streams if asked.days is None else last_days(found.streams, asked.days)
    result = compare(
        streams, labels, read=found.until, cached=found.cached,
        progress=lambda done, total: tell(Progress("comparing", int(done), int(total))),
    )  # fmt: skip
    tell(Progress("writing"))
    for lang in LANGUAGES:
        (folder / report_name(lang)).write_text(backtest_html(result, command_of(asked), lang), encoding="utf-8")
    write_json(folder / FIGURES, result)


def contenders_of(data: Path, folder: Path, asked: Asked) -> list[Contender]:
    """The champion, and the challenger where it is another bundle. Of a bundle with a trial, its own champion; where it
    is looked at alone, that and what is tried beside it."""
    champion = load_kept(data, asked.champion)
    found = [Contender(f"{champion.name} {champion.hash[:8]}", champion.parts[0])]
    if asked.challenger == asked.champion and champion.trial is not None:
        tried = champion.trial.challenger
        found.append(Contender(f"{tried.name} {tried.hash[:8]}", champion.parts[1]))
    elif asked.challenger != asked.champion:
        other = load_bundle(folder / BUNDLE)
        if other.hash != asked.challenger:
            raise UsageError("the challenger is not what was asked for any more")
        found.append(Contender(f"{other.name} {other.hash[:8]}", other.parts[0]))
    return found


def command_of(asked: Asked) -> str:
    """How to come to the same at a terminal, in the data directory, with the log exported."""
    words = ["bonafide backtest log.ndjson", f"--champion bundles/{asked.champion}"]
    if asked.challenger != asked.champion:
        words.append(f"--challenger {BACKTESTS}/{asked.id}/{BUNDLE}")
    return " ".join([*words, "--secret-file secret", "--out compared"])


def last_days(streams: Streams, days: int) -> Streams:
    """The events of the last days alone; features and windows were those of the whole log."""
    events = streams.events
    if events.is_empty():
        return streams
    chosen = (events["time"] > int(events["time"].max()) - days * DAY_MS).to_numpy()  # type: ignore[arg-type]
    found = []
    for stream in streams.streams:
        part = copy(stream)
        part.which, part.score_e6, part.credit = stream.which[chosen], stream.score_e6[chosen], stream.credit[chosen]
        part.raw = None if stream.raw is None else stream.raw[chosen]
        part._outcomes = None
        found.append(part)
    return Streams(events.filter(pl.Series(chosen)), found, streams.labels)


class _Reading:
    """The log of a data directory for some bundles: kept features where they do, else a walk that keeps them."""

    def __init__(
        self, data: Path, view: View, log: LogReader, kernels: Kernels, contenders: list[Contender]
    ) -> None:  # fmt: skip
        self._data, self._view, self._log = data, view, log
        self._kernels, self._contenders = kernels, contenders
        self._secret = DataDir.open(data, create=False).read_secret()
        self._folder = data / BACKTESTS / FEATURES

    def read(self, now_ms: int, tell: Tell, *, fresh: bool) -> Read:
        """What every bundle decided."""
        until = None if fresh else self._kept_until(now_ms)
        if until is not None and (log := self._log_until(until)) is not None:
            try:
                kept = Kept(self._folder, log)
                judged = kept.judge(
                    self._contenders, self._kernels, self._secret,
                    lambda done, total: tell(Progress("features", int(done), int(total))),
                )  # fmt: skip
            except StaleError:
                pass
            else:
                return Read(judged, until, cached=True)
        return self._walk(now_ms, tell)

    def _walk(self, now_ms: int, tell: Tell) -> Read:
        until = self._view.next_seq
        log = self._log_until(until)
        keeper = None
        if log is not None and shutil.disk_usage(self._data).free > ROOM_BYTES + until * BYTES_AN_EVENT:
            keeper = FolderKeeper(self._folder, log, [one.bundle for one in self._contenders])
        with RejectWriter() as rejects:
            run = BacktestRun(
                self._contenders, self._kernels, self._secret, [self._view.reader.path], rejects, keeper
            )  # fmt: skip
            try:
                for chunk in self._log.chunks(until):
                    run.feed(chunk)
                    tell(Progress("log", chunk.bytes_done, until))
                told = run.finish()
            finally:
                run.discard()
        if keeper is not None:
            write_json(self._folder / _UNTIL, Until(until, now_ms))
        return Read(told, until, cached=False)

    def _kept_until(self, now_ms: int) -> int | None:
        """How far kept features reach, where they are young enough and the log has grown little since."""
        try:
            told = msgspec.json.decode((self._folder / _UNTIL).read_bytes(), type=Until)
        except (OSError, msgspec.MsgspecError):
            return None
        old = now_ms - told.made_ms > KEPT_MS or not (self._folder / HEAD).is_file()
        return None if old or self._view.next_seq > told.seq * (1 + GROWN_MAX) else told.seq

    def _log_until(self, seq: int) -> Log | None:
        """What the log up to a place is told apart by; None where no commit ends there."""
        chain = self._view.chain if seq == self._view.next_seq else self._view.reader.chain_at(seq)
        given = hashlib.sha256(b"bonafide: kept of a journal" + self._secret).hexdigest()
        return None if chain is None else Log((chain.hex(),), given)
