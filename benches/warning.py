"""Early warnings: `python -m benches.warning` prints the figures of docs/exposure.md; `--fit` makes the points anew.

What turns out bad in a simulated platform:

- a *merchant* that exists to sell cash (role `sham`), from its first such sale on. It **vanishes**: a front that
  opened for it draws its takings after 12 to 30 days, and its trade, visits and payouts stop for good, without a
  verdict on it. Others are closed when they are found out. The rest of them go on to the end of the log.
- a *payer* who takes cash out of a fifth of the line or more within the 72 hours that follow.

Points are fitted on development seeds to the truth, and the line is set there so that at most `--honest` of honest
subjects are ever warned of. Scoring seeds are others, with the knobs turned.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from benches.exposure import log_folder, read_log
from benches.model.compare import SHIFTS
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.replay import replay_files
from bonafide.apps.cli.screen import errors_told
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.bundle import load_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle
from bonafide.lab.exposure.log import Known
from bonafide.lab.exposure.warning.fit import fit
from bonafide.lab.exposure.warning.points import Card, added, bands_of, chance, shipped_cards, values_of
from bonafide.lab.exposure.warning.rows import rows_of
from bonafide.lab.exposure.warning.warn import warnings_of

SEEDS: Final = "21021,21022,21023,21024,21025,21026,21027,21028"
FIT_SEEDS: Final = "11,12,21,22,23,24,31,32,33"
KINDS: Final = ("merchant", "user")
DRAIN_HOURS: Final = 72
DRAIN_FRACTION: Final = 0.2
GONE_DAYS: Final = 3
HONEST: Final = 0.01
NEWCOMERS_HONEST: Final = 0.05
"""Honest newcomers among merchants who may be warned of; they are one merchant in twenty."""


class Platform(NamedTuple):
    """One simulated log with its replay and its truth."""

    rows: dict[str, pl.DataFrame]
    known: Known
    truth: pl.DataFrame
    subjects: pl.DataFrame


class Fared(NamedTuple):
    """How the warnings of one kind fared on one log."""

    seed: int
    shift: str
    kind: str
    bad: int
    warned: int
    before_half: int
    """Bad subjects of whose money at least half could still be reached."""
    gone: int
    gone_warned: int
    gone_before_half: int
    reachable: float
    """Sum of the money that could still be reached, minor units."""
    money: float
    honest: int
    honest_warned: int
    viral: int
    """Honest merchants who are new and sell an item that everybody likes."""
    viral_warned: int
    per_day: float


def open_platform(folder: Path) -> Platform:
    """A run, replayed with the shipped bundle; the replay is kept beside it."""
    replayed = folder / "replayed"
    if not (replayed / "summary.json").is_file():
        replayed.mkdir(exist_ok=True)
        replay_files(Engine(load_bundle(find_bundle("paylater"))), [folder / "events.parquet"], replayed, features=True)
    known = read_log(folder).until()
    decisions, features = (pl.read_parquet(replayed / f"{name}.parquet") for name in ("decisions", "features"))
    rows = {kind: rows_of(kind, decisions, features, known["payment"]) for kind in KINDS}
    return Platform(rows, known, *(pl.read_parquet(folder / f"{name}.parquet") for name in ("truth", "subjects")))


def roles(told: Platform, kind: str) -> dict[str, int | None]:
    """Subjects of a kind -> since when they are bad, ms; None for honest ones. Tempted merchants are left out."""
    rows = told.subjects.filter(pl.col("subject_type") == kind)
    rows = rows.filter(pl.col("role").fill_null("") != "tempted")
    at = pl.col("first_bad_time").dt.epoch("ms")
    return dict(rows.select("subject_id", pl.when(pl.col("label") == 1).then(at)).iter_rows())


def outcomes(told: Platform, kind: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(places of the rows that points are fitted to, whether each turned out bad)."""
    rows, since = told.rows[kind], roles(told, kind)
    if kind == "merchant":
        day = rows["time"].to_numpy() // DAY_MS
        last = rows.select(pl.struct("subject_id", day=pl.Series(day)).is_last_distinct()).to_series().to_numpy()
        known = np.array([subject in since for subject in rows["subject_id"]])
        chosen = np.flatnonzero(last & known)
        some = rows[chosen].select("subject_id", "time").iter_rows()
        bad = np.array([(first := since[subject]) is not None and time >= first for subject, time in some])
        return chosen, bad
    ahead = _drained(told)
    return np.arange(rows.height), ahead >= DRAIN_FRACTION


def _drained(told: Platform) -> npt.NDArray[np.float64]:
    """Of the line, what each payment's payer takes out as cash within DRAIN_HOURS after it."""
    rows = told.rows["user"].select("event_id", "subject_id", "time", "amount", "limit")
    bad = rows.join(told.truth.filter(pl.col("label") == 1).select("event_id"), on="event_id", how="semi")
    by_user = {user[0]: part.sort("time") for user, part in bad.group_by("subject_id")}
    out = np.zeros(rows.height)
    for place, (user, time, limit) in enumerate(rows.select("subject_id", "time", "limit").iter_rows()):
        if user in by_user:
            part = by_user[user].filter(pl.col("time").is_between(time + 1, time + DRAIN_HOURS * HOUR_MS))
            out[place] = part["amount"].sum() / limit
    return out


def fitted(platforms: list[Platform], kind: str, honest: float) -> Card:
    """A card from development logs, its line set so that so few honest subjects are ever warned of."""
    bands, bad = [], []
    for told in platforms:
        chosen, turned = outcomes(told, kind)
        bands.append(bands_of(kind, values_of(kind, told.rows[kind]))[chosen])
        bad.append(turned)
    together, turned = np.concatenate(bands), np.concatenate(bad)
    card = fit(kind, together, turned, np.ones(turned.size), 0.5)
    tops = []
    for told in platforms:
        good = [subject for subject, first in roles(told, kind).items() if first is None]
        rows = told.rows[kind].filter(pl.col("subject_id").is_in(good))
        points = added(kind, card, bands_of(kind, values_of(kind, rows)))
        some = rows.select("subject_id", "newcomer", chance=pl.Series(chance(card, points)))
        new = pl.col("chance").filter("newcomer").max()
        tops.append(some.group_by("subject_id").agg(pl.col("chance").max(), new=new))
    return _with_lines(card, pl.concat(tops), honest)


def _with_lines(card: Card, tops: pl.DataFrame, honest: float) -> Card:
    """The lines at which so few honest subjects are ever warned of, newcomers with them.

    `tops` has the highest `chance` of each, and the highest while it was `new` (null: it never was).
    """
    newcomers = tops["new"].drop_nulls().to_numpy()
    low = float(np.quantile(newcomers, 1 - NEWCOMERS_HONEST)) if newcomers.size else 1.0
    # Who is warned of as a newcomer counts against the others.
    rest = np.where(tops["new"].fill_null(0.0).to_numpy() >= low, np.inf, tops["chance"].to_numpy())
    line = float(np.quantile(rest, 1 - honest, method="lower"))
    return msgspec.structs.replace(card, line=round(line, 4), newcomer_line=round(min(line, low), 4))


def fare(told: Platform, kind: str, card: Card, seed: int, shift: str) -> Fared:
    """How a card's warnings fare on a log."""
    warned: dict[str, int] = {}
    warnings = warnings_of(kind, told.rows[kind], card)
    for one in warnings:
        warned.setdefault(one.subject_id, one.time_ms)
    since = roles(told, kind)
    money = _merchant_money if kind == "merchant" else _user_money
    gone = _gone(told) if kind == "merchant" else set()
    shares = {subject: money(told, subject, first, warned.get(subject)) for subject, first in since.items()
              if first is not None}  # fmt: skip
    shares = {subject: pair for subject, pair in shares.items() if pair[1] > 0}
    half = {subject for subject, (left, whole) in shares.items() if subject in warned and left >= whole / 2}
    honest = [subject for subject, first in since.items() if first is None]
    days = (told.rows[kind]["time"][-1] - told.rows[kind]["time"][0]) / DAY_MS
    lost, viral = gone & set(shares), _viral(told) & set(honest)
    return Fared(
        seed, shift, kind, len(shares), len(set(shares) & set(warned)), len(half), len(lost), len(lost & set(warned)),
        len(lost & half), sum(left for left, _ in shares.values()), sum(whole for _, whole in shares.values()),
        len(honest), sum(subject in warned for subject in honest), len(viral), len(viral & set(warned)),
        len(warnings) / days,
    )  # fmt: skip


def _merchant_money(told: Platform, merchant: str, since: int, warned: int | None) -> tuple[float, float]:
    """Of the credit sales since the first bad one, what had not been paid out when warned; and all of them."""
    sales = told.known["payment"].filter(
        (pl.col("merchant_id") == merchant) & (pl.col("pay_with") == "credit") & (pl.col("time") >= since)
    )
    whole = float(sales["amount"].sum())
    if warned is None:
        return 0.0, whole
    payouts = told.known["payout"].filter((pl.col("merchant_id") == merchant) & (pl.col("time") < warned))
    last = payouts["time"].max()
    paid = 0.0 if not isinstance(last, int) else float(sales.filter(pl.col("time") <= last)["amount"].sum())
    return whole - paid, whole


def _user_money(told: Platform, user: str, since: int, warned: int | None) -> tuple[float, float]:
    """Of the cash taken out on credit, what was still to come when warned; and all of it."""
    del since
    bad = told.truth.filter((pl.col("label") == 1) & (pl.col("user_id") == user)).select("event_id")
    rows = told.rows["user"].filter(pl.col("subject_id") == user).join(bad, on="event_id", how="semi")
    whole = float(rows["amount"].sum())
    return (0.0 if warned is None else float(rows.filter(pl.col("time") > warned)["amount"].sum())), whole


def _gone(told: Platform) -> set[str]:
    """Merchants whose trade and visits stopped GONE_DAYS or more before the log's end, with no verdict on them."""
    seen = pl.concat([told.known[kind].select("merchant_id", "time") for kind in ("payment", "traffic", "payout")])
    last = seen.group_by("merchant_id").agg(pl.col("time").max())
    silent = last.filter(pl.col("time") < told.known.as_of_ms - GONE_DAYS * DAY_MS)["merchant_id"].to_list()
    judged = told.known["verdict"].filter(pl.col("subject_type") == "merchant")["subject_id"].to_list()
    return {*silent} - {*judged}


def _viral(told: Platform) -> set[str]:
    """Honest newcomers whose item everybody likes."""
    return {*told.truth.filter((pl.col("typology") == "viral_new_shop") & (pl.col("label") == 0))["merchant_id"]}


def text(rows: list[Fared]) -> str:
    """The figures as a table of Markdown."""
    head = (
        "who", "knobs", "bad", "warned", "before half was gone", "vanished", "of them warned", "before half",
        "money still reachable", "honest warned", "of viral newcomers", "warnings a day",
    )  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "| --- | --- |" + " ---: |" * (len(head) - 2)]
    for kind in KINDS:
        for shift in [*dict.fromkeys(row.shift for row in rows), None]:
            some = [row for row in rows if row.kind == kind and shift in {None, row.shift}]
            if some:
                lines.append(_line(kind, shift or "all", some))
    return "\n".join(lines)


def _line(kind: str, shift: str, some: list[Fared]) -> str:
    def total(name: str) -> float:
        return float(sum(getattr(row, name) for row in some))

    def share(part: str, whole: str) -> str:
        return f"{100 * total(part) / max(total(whole), 1):.0f} %"

    hit, honest_of = total("honest_warned"), total("honest")
    honest = f"{hit:.0f} of {honest_of:,.0f} ({100 * hit / max(honest_of, 1):.2f} %)"
    viral = "–" if kind == "user" else f"{total('viral_warned'):.0f} of {total('viral'):.0f}"
    gone = ("–", "–", "–") if kind == "user" else (
        f"{total('gone'):.0f}", share("gone_warned", "gone"), share("gone_before_half", "gone")
    )  # fmt: skip
    return "| " + " | ".join([
        kind, shift, f"{total('bad'):.0f}", share("warned", "bad"), share("before_half", "bad"), *gone,
        share("reachable", "money"), honest, viral, f"{total('per_day') / len(some):.1f}",
    ]) + " |"  # fmt: skip


def main() -> None:
    """Read the command line; fit or score."""
    reader = argparse.ArgumentParser(description="Early warnings on simulated platforms.")
    reader.add_argument("--scenario", default="small")
    reader.add_argument("--users", type=int, default=5_000)
    reader.add_argument("--seeds", help="default: the scoring seeds, or with --fit the development seeds")
    reader.add_argument("--fit", type=Path, help="fit points to these seeds and write them here")
    reader.add_argument("--honest", type=float, default=HONEST, help="share of honest subjects that may be warned of")
    reader.add_argument("--kept", type=Path, help="folder that keeps the simulated logs and their replays")
    asked = reader.parse_args()
    if asked.fit is not None:
        platforms = []
        for seed in read_seeds(asked.seeds or FIT_SEEDS):
            with log_folder(asked.scenario, asked.users, seed, "as shipped", asked.kept) as folder:
                platforms.append(open_platform(folder))
        cards = {kind: fitted(platforms, kind, asked.honest) for kind in KINDS}
        told = msgspec.to_builtins(cards)
        asked.fit.write_text(HEAD + yaml.safe_dump(told, sort_keys=False, width=120, default_flow_style=None), "utf-8")
        print(text([fare(one, kind, cards[kind], 0, "fitted") for one in platforms for kind in KINDS]))
        return
    rows = []
    for number, seed in enumerate(read_seeds(asked.seeds or SEEDS)):
        shift = list(SHIFTS)[number % len(SHIFTS)]
        with log_folder(asked.scenario, asked.users, seed, shift, asked.kept) as folder:
            told_one = open_platform(folder)
        rows += [fare(told_one, kind, shipped_cards()[kind], seed, shift) for kind in KINDS]
    print(text(rows))


HEAD: Final = """# Points of early warnings, made by: python -m benches.warning --fit FILE
# Each list holds the points of a figure's bands, in the order of the cuts in terms.py. `base` is the log odds of a
# subject in the best bands, `line` the chance from which on there is a warning.
"""


if __name__ == "__main__":
    with errors_told():
        main()
