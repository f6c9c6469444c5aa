"""`python -m benches.decisions.public handbook|s-ffsd`: public data through a bundle, a mapping and the training.

Nothing here is written for a data set but where its file lies and how its publishers judge. What is read of it stands
in `mappings/NAME.yaml`; what is counted and learnt in `bundles/NAME/` beside this file. The model comes from the same
functions as that of `bonafide train`. docs/public-data.md says what was measured and how.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.moment import parse_moment, show_moment
from bonafide.engine.bundle import load_bundle, untrained
from bonafide.engine.bundles.inputs import Training
from bonafide.engine.engine import Engine
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.inputs import RejectWriter, load_mapping, read_chunks
from bonafide.lab.intervals import Estimates, estimate
from bonafide.lab.train.figures import Judged, Ranks
from bonafide.lab.train.matrix import Matrix, gather
from bonafide.lab.train.split import Part
from bonafide.lab.train.train import Trained, train

from .handbook_reference import GRID, Setting, fifteen, scores, tuned
from .protocol import FIGURES, Compared, Fold, Ranked, judging

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT.parent / "shared" / "data"
FILES: Final = {
    "handbook": Path("handbook") / "transactions-2018-04-01-to-2018-08-21.parquet",
    "s-ffsd": Path("s-ffsd") / "S-FFSD-first-80-percent.csv.gz",
}
DEVELOPED: Final = ("2018-06-13", "2018-06-20", "2018-06-27", "2018-07-04")
"""Folds on which the bundle's features were chosen; their tests end before the first fold below begins its own."""
TUNED: Final = DEVELOPED[-1]
"""The fold on which XGBoost's setting is chosen."""
OTHERS: Final = ("2018-07-11", "2018-07-18")
NAMED: Final = ("2018-07-25", "2018-08-01")
"""Folds of the handbook's published table that the extract holds."""
NAMED_PART: Final = (0.8, 1.0)
"""Of the time of S-FFSD's extract: learnt until the first, judged until the second."""
DEVELOPED_PARTS: Final = ((0.512, 0.64), (0.64, 0.8))
"""Parts before it by which its inputs were chosen."""
RESAMPLES: Final = 400
SEED: Final = 0


class Log(NamedTuple):
    """The payments of a data set, read through its mapping and its bundle."""

    matrix: Matrix
    bad: Flags
    known: Flags
    """Whether the data says what each payment was, at whatever time."""
    known_ms: Ints
    """When that became known; 0 where it never does."""
    customer: Ints
    """0..customers-1."""
    training: Training

    @property
    def time_ms(self) -> Ints:
        """Of each payment."""
        return self.matrix.rows["time_ms"].to_numpy()

    @property
    def customers(self) -> int:
        """How many."""
        return int(self.customer.max()) + 1


def read_log(name: str, data: Path, max_bin: int | None = None) -> Log:
    """One data set, whose file lies below `data`; with `max_bin` in place of what the bundle says."""
    path, folder = data / FILES[name], Path(__file__).parent / "bundles" / name
    bundle = untrained(load_bundle(folder))
    truth: list[pl.DataFrame] = []
    with RejectWriter() as rejects:
        chunks = read_chunks([path], load_mapping(ROOT / "mappings" / f"{name}.yaml"), rejects=rejects)
        matrix = gather(
            Engine(bundle), [str(path)], chunks, rejects,
            progress=lambda chunk: truth.append(chunk.truth.select("event_id", "label", "known_at"))
            if chunk.truth is not None
            else None,
        )  # fmt: skip
    told = matrix.rows.select("event_id").join(pl.concat(truth), on="event_id", how="left", maintain_order="left")
    customer = matrix.rows["user_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    label = told["label"].fill_null(-1).to_numpy()
    known_ms = told["known_at"].fill_null(0).cast(pl.Int64).to_numpy()
    training = bundle.inputs.training
    training = training if max_bin is None else msgspec.structs.replace(training, max_bin=max_bin)
    return Log(matrix, label == 1, label >= 0, known_ms, customer, training)


def learnt(log: Log, period: Part) -> Trained:
    """What `bonafide train` makes of the payments of a period, by the labels that had arrived by its moment."""
    return train(log.matrix, None, SEED, log.training, period=period)


class Week(NamedTuple):
    """A fold with what both models say of it."""

    start: str
    trained: Trained
    ranked: Ranked


def handbook(log: Log, data: Path, starts: Sequence[str]) -> None:
    """Print how the bundle's model and XGBoost on the handbook's fifteen features do on some weekly folds."""
    features = _reference_features(log, data)
    setting = _tuned(log, features)
    say(f"XGBoost, exact splits, by average precision on the fold of {TUNED}: {setting}")
    weeks = [_week(log, features, setting, start) for start in starts]
    groups = {", ".join(some): some for some in (NAMED, OTHERS, OTHERS + NAMED, DEVELOPED) if set(some) <= set(starts)}
    for title, some in groups.items():
        folds = [week.ranked for week in weeks if week.start in some]
        found = estimate([Compared(folds, log.customers)], log.customers, RESAMPLES, SEED)
        print(f"\nmean of the folds that start {title}")
        print("\n".join(_lines(found)), flush=True)


def _reference_features(log: Log, data: Path) -> Floats:
    """The handbook's fifteen features of the log's payments, from the file itself."""
    raw = pl.read_parquet(data / FILES["handbook"]).sort("TX_DATETIME", "TRANSACTION_ID")
    told = raw.select(
        pl.col("TX_DATETIME").alias("moment"), pl.col("TX_DATETIME").dt.epoch("s").alias("time_s"),
        pl.col("CUSTOMER_ID").cast(pl.Int64).alias("customer"), pl.col("TERMINAL_ID").cast(pl.Int64).alias("terminal"),
        pl.col("TX_AMOUNT").alias("amount"), pl.col("TX_FRAUD").alias("fraud"),
    )  # fmt: skip
    place = raw.select(event_id=pl.col("TRANSACTION_ID").cast(pl.String)).with_row_index("place")
    wanted = log.matrix.rows.select("event_id").join(place, on="event_id", how="left", maintain_order="left")
    features: Floats = fifteen(told)[wanted["place"].to_numpy()]
    return features


def _parts(log: Log, start: str) -> tuple[Fold, NDArray[np.intp], NDArray[np.intp]]:
    """A fold, the payments that are learnt from, and those that judge."""
    fold = Fold(parse_moment(f"{start}T00:00:00Z"))
    lesson = np.flatnonzero((log.time_ms >= fold.start_ms) & (log.time_ms < fold.learnt_until_ms))
    return fold, lesson, judging(log.customer, log.time_ms, log.bad, log.known_ms, fold)


def _tuned(log: Log, features: Floats) -> Setting:
    _, lesson, test = _parts(log, TUNED)
    return tuned(features[lesson], log.bad[lesson], features[test], log.bad[test], GRID)


def _week(log: Log, features: Floats, setting: Setting, start: str) -> Week:
    begun = time.monotonic()
    fold, lesson, test = _parts(log, start)
    trained = learnt(log, Part(fold.start_ms, fold.learnt_until_ms, fold.test_ms))
    ours = trained.model.margin(log.matrix, test)
    theirs = scores(features[lesson], log.bad[lesson], features[test], setting)
    ranked = Ranked(log.customer[test], log.time_ms[test], log.bad[test], ours, theirs)
    figures = Compared([ranked], log.customers).of(np.ones(log.customers, np.int64))
    told = " ".join(f"{value:.4f}" for value in figures)
    print(
        f"{start}: {len(lesson):,} learnt, {len(test):,} tested, {int(log.bad[test].sum())} fraud; "
        f"{trained.model.trees.number} trees of {trained.settings.leaves} leaves; {told}; "
        f"{time.monotonic() - begun:.0f} s", flush=True,
    )  # fmt: skip
    return Week(start, trained, ranked)


def _lines(found: Estimates) -> list[str]:
    lines = [f"{'':<16}{'ours':<26}{'XGBoost, fifteen':<26}{'difference':<26}"]
    for name in FIGURES:
        cells = [_cell(found, f"{who}/{name}") for who in ("ours", "theirs", "more")]
        lines.append(f"{name:<16}" + "".join(f"{cell:<26}" for cell in cells))
    return lines


def _cell(found: Estimates, name: str) -> str:
    value, interval = found.values[name], found.intervals[name]
    if value is None:
        return "undefined"
    return f"{value:.3f}" + ("" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})")


def s_ffsd(log: Log, data: Path, part: tuple[float, float] = NAMED_PART) -> None:
    """Print how the bundle's model does on the labelled payments of a part of the extract's time.

    Bonafide refuses amounts of zero. They get no score, so a second line counts them as ranked below all others.
    """
    first, last = int(log.time_ms.min()), log.matrix.last_ms
    cut, until = (first + int(place * (last + 1 - first)) for place in part)
    trained = learnt(log, Part(first, cut, cut))
    test = np.flatnonzero((log.time_ms >= cut) & (log.time_ms <= until) & log.known)
    margin = trained.model.margin(log.matrix, test)
    say(f"learnt until {show_moment(cut)}: {trained.model.trees.number} trees of {trained.settings.leaves} leaves")
    scored = log.matrix.rows[test].select("event_id").with_columns(score=pl.Series(margin))
    rows = _labelled(data, cut - first, until - first).join(scored, on="event_id", how="left", maintain_order="left")
    lowest = rows.with_columns(pl.col("score").fill_null(float(margin.min()) - 1))
    for title, some in (("payments taken in", rows.drop_nulls("score")), ("with those refused, as the last", lowest)):
        print(f"{title}: {some.height:,}, {int(some['bad'].sum())} fraud")
        found = _ranks(some)
        print("\n".join(f"  {name:<14}{_cell(found, name)}" for name in ("auc", "ap")))


def _labelled(data: Path, from_ms: int, to_ms: int) -> pl.DataFrame:
    """event_id, customer and bad of the labelled rows of S-FFSD, refused or not, so long after its first row."""
    after_ms = (pl.col("Time") - pl.col("Time").min()) * 1_000
    rows = pl.read_csv(data / FILES["s-ffsd"]).select(
        event_id=pl.format("t{}", "Time"), customer=pl.col("Source").rank("dense").cast(pl.Int64) - 1,
        bad=pl.col("Labels") == 1, judged=(pl.col("Labels") < 2) & after_ms.is_between(from_ms, to_ms),
    )  # fmt: skip
    return rows.filter("judged")


def _ranks(rows: pl.DataFrame) -> Estimates:
    customer = rows["customer"].to_numpy()
    customers = int(customer.max()) + 1
    told = Judged(rows["bad"].to_numpy(), customer, np.zeros(rows.height, np.int64), customers)
    return estimate([Ranks(rows["score"].to_numpy(), told)], customers, RESAMPLES, SEED)


def say(text: str) -> None:
    """Tell what goes on."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Exit code 0 also where the data is not there, which is said."""
    parser = argparse.ArgumentParser(prog="python -m benches.decisions.public", description=__doc__)
    parser.add_argument("name", choices=sorted(FILES))
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets; default %(default)s")
    parser.add_argument("--developed", action="store_true", help="the parts that inputs were chosen on instead")
    parser.add_argument("--max-bin", type=int, help="bins of an input, in place of what the bundle says")
    asked = parser.parse_args()
    path = asked.data / FILES[asked.name]
    if not path.exists():
        say(f"skipped: {path} is not there")
        return 0
    log = read_log(asked.name, asked.data, asked.max_bin)
    if asked.name == "handbook":
        handbook(log, asked.data, DEVELOPED if asked.developed else OTHERS + NAMED)
    else:
        for part in DEVELOPED_PARTS if asked.developed else (NAMED_PART,):
            s_ffsd(log, asked.data, part)
    return 0


if __name__ == "__main__":
    sys.exit(main())
