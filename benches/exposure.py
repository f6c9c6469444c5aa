"""How honest the forecasts of losses are: `python -m benches.exposure` prints the figures of docs/exposure.md.

Simulates a scenario on some seeds, with the knobs turned (SHIFTS of `benches.model.compare`, one after the other),
makes the forecast at many moments of each log from what had arrived by then, and counts how often what came lies within
its 90 % interval: of the whole, of vintages, of merchants. What came is read from the whole log.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from benches.model.compare import SHIFTS
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told
from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.calibration import TOTAL, Span, spans, stretches
from bonafide.lab.exposure.forecast import forecast, told_horizons
from bonafide.lab.exposure.groups import by_first_sale, by_merchant, by_month
from bonafide.lab.exposure.ledger import Ints, Ledger, ledger_of
from bonafide.lab.exposure.log import CreditLog
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run

SEEDS: Final = "21031,21032,21033,21034"
USERS: Final = 20_000
FIRST_DAY: Final = 90
EVERY_DAYS: Final = 10
HORIZONS: Final = (30, 60, 90)
MANY_OPEN: Final = "merchants, larger half"


class Held(NamedTuple):
    """How one forecast of one grouping fared."""

    seed: int
    shift: str
    day: int
    horizon: int
    what: str
    groups: int
    held: int
    below: int
    above: int
    came: int
    """Minor units."""
    mean: float
    width: float
    """Of the intervals together, minor units."""


@contextmanager
def log_folder(
    name: str, users: int, seed: int, shift: str, kept: Path | None, days: int | None = None
) -> Iterator[Path]:
    """A simulated run; made once where `kept` names a folder for such runs."""
    about = scenario(name, users=users, days=days)
    about = replace(about, knobs=replace(about.knobs, **SHIFTS[shift]))
    with TemporaryDirectory(prefix="bonafide-exposure-") as passing:
        folder = (
            Path(passing)
            if kept is None
            else kept
            / "-".join([name, str(users), str(seed), shift.replace(" ", "-"), *([] if days is None else [f"{days}d"])])
        )
        if not (folder / "subjects.parquet").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            write_run(Simulation(about, seed), folder, lambda _done, _total: None)
        yield folder


def read_log(folder: Path) -> CreditLog:
    """The log of a run."""
    log = CreditLog()
    with RejectWriter() as rejects:
        for chunk in read_chunks([folder / "events.parquet"], rejects=rejects):
            log.feed(chunk)
    return log


def judge(log: CreditLog, seed: int, shift: str, days: int, every: int) -> Iterator[Held]:
    """The forecasts at every so many days of a log, against what came."""
    whole = ledger_of(log.until())
    start = whole.as_of_ms - days * DAY_MS
    for day in range(FIRST_DAY, days - min(HORIZONS) + 1, every):
        ledger = ledger_of(log.until(start + day * DAY_MS))
        horizons = told_horizons(ledger, tuple(one for one in HORIZONS if day + one <= days))
        of = {"merchants": by_merchant(ledger).of, "months of payment": by_month(ledger).of,
              "months of first sale": by_first_sale(ledger).of}  # fmt: skip
        wide = stretches(ledger, of, seed)
        loss = forecast(ledger, of, horizons, seed + 7)
        for place, horizon in enumerate(horizons):
            came = _came(ledger, whole, horizon)
            for what, groups in ((TOTAL, np.zeros(ledger.payer.size, np.int64)), *of.items()):
                told = spans(loss, what, wide[what])[place]
                yield from _held((seed, shift, day, horizon), what, told, groups, came, ledger)


def _came(ledger: Ledger, whole: Ledger, horizon: int) -> Ints:
    """What of each debt of a past ledger was lost at the end of the horizon, as the whole log tells it."""
    later = whole.at(ledger.as_of_ms + horizon * DAY_MS).missed
    found = {event: place for place, event in enumerate(whole.payment) if event is not None}
    before = {
        payer: whole.begins[place] for place, payer in enumerate(whole.payers)
        if whole.payment[whole.begins[place]] is None
    }  # fmt: skip
    places = np.array([
        before.get(ledger.payers[ledger.payer[i]], -1) if event is None else found.get(event, -1)
        for i, event in enumerate(ledger.payment)
    ], np.int64)  # fmt: skip
    opened = ledger.at(ledger.as_of_ms).open
    return np.where(places >= 0, np.minimum(later[places], opened), 0)


def _held(
    where: tuple[int, str, int, int], what: str, told: Span, of: Ints, came: Ints, ledger: Ledger
) -> Iterator[Held]:
    size = told.mean.size
    some = of >= 0
    sums, opened = (
        np.bincount(of[some], weights=values[some].astype(np.float64), minlength=size)
        for values in (came, ledger.at(ledger.as_of_ms).open)
    )
    owing = opened > 0
    parts = [(what, owing)]
    if what == "merchants":
        parts.append((MANY_OPEN, opened >= np.median(opened[owing])))
    for name, use in parts:
        below, above = sums[use] < np.floor(told.low[use]), sums[use] > np.ceil(told.high[use])
        yield Held(
            *where, name, int(use.sum()), int((~below & ~above).sum()), int(below.sum()), int(above.sum()),
            int(sums[use].sum()), float(told.mean[use].sum()), float((told.high - told.low)[use].sum()),
        )  # fmt: skip


def text(rows: list[Held]) -> str:
    """The figures as a table of Markdown: by grouping and horizon, all seeds and moments together."""
    frame = pl.DataFrame(rows, schema=list(Held._fields), orient="row", strict=False)
    lines = ["| what | days ahead | forecasts | groups | held | below | above | came / expected | width / expected |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for (what, horizon), part in frame.group_by("what", "horizon", maintain_order=True):
        groups = int(part["groups"].sum())
        shares = [f"{100 * part[name].sum() / groups:.1f} %" for name in ("held", "below", "above")]
        ratios = [f"{float(part[name].sum()) / float(part['mean'].sum()):.2f}" for name in ("came", "width")]
        lines.append(
            "| " + " | ".join([str(what), str(horizon), f"{part.height}", f"{groups:,}", *shares, *ratios]) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the command line and print the figures."""
    reader = argparse.ArgumentParser(description="How often 90 % intervals of the forecast hold.")
    reader.add_argument("--scenario", default="city")
    reader.add_argument("--users", type=int, default=USERS)
    reader.add_argument("--days", type=int, help="length of the log; default: the scenario's")
    reader.add_argument("--seeds", default=SEEDS)
    reader.add_argument("--shift", choices=SHIFTS, help="one for all seeds; default: one after the other")
    reader.add_argument("--every", type=int, default=EVERY_DAYS, help="days between forecasts")
    reader.add_argument("--kept", type=Path, help="folder that keeps the simulated logs")
    reader.add_argument("--rows", type=Path, help="write every forecast's row here (Parquet)")
    asked = reader.parse_args()
    rows: list[Held] = []
    for number, seed in enumerate(read_seeds(asked.seeds)):
        shift = asked.shift or list(SHIFTS)[number % len(SHIFTS)]
        days = asked.days or scenario(asked.scenario).days
        with log_folder(asked.scenario, asked.users, seed, shift, asked.kept, asked.days) as folder:
            rows += judge(read_log(folder), seed, shift, days, asked.every)
        print(f"\n== {asked.scenario}, {asked.users:,} users, up to seed {seed} ({shift})\n\n{text(rows)}", flush=True)
        if asked.rows is not None:
            pl.DataFrame(rows, schema=list(Held._fields), orient="row", strict=False).write_parquet(asked.rows)


if __name__ == "__main__":
    with errors_told():
        main()
