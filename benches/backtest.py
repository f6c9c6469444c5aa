"""`python -m benches.backtest`: what a back-test costs beside one replay, and an edit once features are kept.

Sides take turns, and each figure is the best of its rounds: what else the machine does can only make a side slower. The
champion is the shipped bundle; the challengers have other weights, other bands, and one rule more.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, TypeVar

import polars as pl

from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import DEFAULT_SECRET, Engine
from bonafide.engine.shipped import find_bundle
from bonafide.lab.backtest.compare import compare
from bonafide.lab.backtest.kept import FolderKeeper, Kept, log_of
from bonafide.lab.backtest.run import BacktestRun, Contender
from bonafide.lab.backtest.streams import Streams
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.chosen_labels import Labels, choose_labels
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import Replay, run_replay
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run

Made = TypeVar("Made")
EVENTS_ASKED: Final = 1_000_000
EVENTS_PER_USER: Final = 48
"""Of a platform of sixty days; a little less than there are, so that the log is long enough."""
RULE: Final = """
- id: TRY-LARGE-AND-OFTEN
  when: type == 'payment' and amount >= 200000 and user_payment_count_24h >= 3
  typology: intensive_burst
  weight: 0.4
  reason: RC04
  source: a rule that is tried out
"""
RATIO_MAX: Final = 1.6
EDIT_MAX_S: Final = 5.0


class Spent(NamedTuple):
    """What one run took."""

    wall_s: float
    processor_s: float


class Log(NamedTuple):
    """The log, and the labels that judge."""

    path: Path
    labels: Labels
    events: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benches.backtest", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS_ASKED, help="length of the log (default: %(default)s)")
    parser.add_argument("--seed", default="71", help="of the platform (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default: %(default)s)")
    asked = parser.parse_args(arguments)
    with errors_told(), TemporaryDirectory(prefix="bonafide-backtest-") as name:
        ready_kernels()
        folder = Path(name)
        log = _log(folder, asked.events, read_seeds(asked.seed)[0])
        print(_measured(folder, log, _bundles(folder), asked.rounds))
    return 0


def _log(folder: Path, events: int, seed: int) -> Log:
    about = scenario("small", max(500, events // EVENTS_PER_USER))
    write_run(Simulation(about, seed), folder, lambda done, total: None)
    frame = pl.read_parquet(folder / EVENTS).head(events)
    frame.write_parquet(folder / EVENTS)
    return Log(folder / EVENTS, choose_labels(pl.read_parquet(folder / TRUTH), "latent", None), frame.height)


def _bundles(folder: Path) -> list[Bundle]:
    """The champion, and three challengers that read the same features."""
    shipped = find_bundle("paylater")
    edits: list[tuple[str, Callable[[str], str]]] = [
        ("rules.yaml", lambda text: re.sub(r"weight: 0\.3\d*", "weight: 0.45", text, count=5)),
        ("policy.yaml", lambda text: text.replace("from: 0.30, outcome", "from: 0.25, outcome")),
        ("rules.yaml", lambda text: text + RULE),
    ]
    told = [load_bundle(shipped)]
    for number, (name, edit) in enumerate(edits):
        made = folder / f"challenger-{number}"
        shutil.copytree(shipped, made)
        text = (made / name).read_text(encoding="utf-8")
        (made / name).write_text(edit(text), encoding="utf-8")
        told.append(load_bundle(made))
        if told[-1].hash == told[0].hash:
            raise AssertionError(f"challenger {number} is the champion")
    return told


def _measured(folder: Path, log: Log, bundles: list[Bundle], rounds: int) -> str:
    one, four, edit = [], [], []
    _pass(log, bundles[:1])  # whatever is loaded on first use
    for number in range(rounds):
        one.append(_timed(lambda: _replay(folder / "replayed", log, bundles[0]))[1])
        streams, spent = _timed(lambda: _pass(log, bundles))
        four.append(spent)
        compare(streams, log.labels, resamples=0)
        if number == 0:
            _pass(log, bundles[:1], FolderKeeper(folder / "kept", log_of([log.path], ()), bundles[:1]))
        edit.append(_timed(lambda: _edited(folder / "kept", log, [bundles[0], bundles[3]]))[1])
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    replay, judged, edited = (Spent(*map(min, zip(*side, strict=True))) for side in (one, four, edit))
    size = sum(path.stat().st_size for path in (folder / "kept").iterdir())
    rows = [
        ("one replay", replay), (f"back-test, champion and {len(bundles) - 1} challengers", judged),
        ("an edited rule beside the champion, features kept", edited),
    ]  # fmt: skip
    lines = [
        f"{log.events:,} events",
        "",
        "| side | wall s | processor s | of a replay |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {spent.wall_s:.2f} | {spent.processor_s:.2f} | {spent.processor_s / replay.processor_s:.2f} |"
        for name, spent in rows
    ]
    ratio = judged.processor_s / replay.processor_s
    return "\n".join([
        *lines, "",
        f"back-test <= {RATIO_MAX} x one replay: {'met' if ratio <= RATIO_MAX else 'MISSED'} ({ratio:.2f})",
        f"edit <= {EDIT_MAX_S:g} s of the processor: {'met' if edited.processor_s <= EDIT_MAX_S else 'MISSED'} "
        f"({edited.processor_s:.2f} s, figures with intervals included); kept: {size / 2**20:,.0f} MiB",
    ])  # fmt: skip


def _timed(run: Callable[[], Made]) -> tuple[Made, Spent]:
    wall, processor = time.perf_counter(), time.process_time()
    told = run()
    return told, Spent(time.perf_counter() - wall, time.process_time() - processor)


def _replay(folder: Path, log: Log, bundle: Bundle) -> None:
    folder.mkdir(exist_ok=True)
    with RejectWriter() as rejects:
        run = Replay(Engine(bundle, kernels=ready_kernels()), folder, [log.path], rejects)
        run_replay(read_chunks([log.path], rejects=rejects), run, lambda chunk: None, time.perf_counter)


def _pass(log: Log, bundles: Sequence[Bundle], keeper: FolderKeeper | None = None) -> Streams:
    contenders = [Contender(str(i), bundle) for i, bundle in enumerate(bundles)]
    with RejectWriter() as rejects:
        run = BacktestRun(contenders, ready_kernels(), DEFAULT_SECRET, [log.path], rejects, keeper)
        for chunk in read_chunks([log.path], rejects=rejects):
            run.feed(chunk)
        return run.finish()


def _edited(folder: Path, log: Log, bundles: Sequence[Bundle]) -> None:
    kept = Kept(folder, log_of([log.path], ()))
    contenders = [Contender(str(i), bundle) for i, bundle in enumerate(bundles)]
    streams = kept.judge(contenders, ready_kernels(), DEFAULT_SECRET, lambda done, total: None)
    compare(streams, log.labels, cached=True)


if __name__ == "__main__":
    sys.exit(main())
