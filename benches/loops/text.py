"""The tables of docs/funds-figures.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from benches.loops.bounds import Bounded, Busy
from benches.loops.recall import Fared, spread, together
from bonafide.testing.realism.gates_text import markdown_table

LOOP_COLUMNS: Final = (
    "any event", "a move", "advanced", "user_merchant_loop", "T1 at budget", "at budget", "plain, at budget",
    "at 0.5 %",
)  # fmt: skip
PER_DAY: Final = ("budget_per_day", "alerts_per_day", "payers_per_day")
KINDS: Final = (
    "family_purchase", "owner_draw", "private_seller", "refund_to_balance", "split_bill", "staff_wages"
)  # fmt: skip
HONEST: Final = ("honest moves", "honest transfer", "honest payout", "honest refund", "honest payments")
PER: Final = 1_000


def busy_text(rows: Sequence[Busy]) -> str:
    """Busy worlds: a line each."""
    header = ["buyers", "payouts", "flushed", "suppliers", "loops", "recall, no bound", "precision", "recall, kernel",
              "precision", "seconds, twin", "kernel"]  # fmt: skip
    cells = [
        [f"{one.buyers_per_payout:,}", str(one.payouts), one.flushed, f"{one.suppliers_fraction:g}", str(one.loops),
         _share(one.recall), _share(one.precision), _share(one.kernel_recall), _share(one.kernel_precision),
         f"{one.twin_seconds:.1f}", f"{one.kernel_seconds:.1f}"]
        for one in rows
    ]  # fmt: skip
    return markdown_table(header, cells, "rr" + "l" + "r" * 8)


def bounded_text(rows: Sequence[Bounded]) -> str:
    """A platform under changed bounds: a line for each bound and value, sums over seeds."""
    header = ["bound", "value", "closed", "cash-out", "look-alike", "other", "found", "of", "recall", "bytes per place",
              "seconds"]  # fmt: skip
    groups: dict[tuple[str, str], list[Bounded]] = {}
    for one in rows:
        groups.setdefault((one.bound, one.value), []).append(one)
    cells: list[list[str]] = []
    for (bound, value), some in groups.items():
        found, of = sum(one.found for one in some), sum(one.followable for one in some)
        sums = [sum(getattr(one, name) for one in some) for name in ("closed", "cash_out", "look_alike", "other")]
        room = some[0].bytes_per_place
        told = _share(found / of if of else None), "-" if room is None else f"{room:,}"
        cells.append([bound, value, *map(str, (*sums, found, of)), *told, f"{sum(one.seconds for one in some):.1f}"])
    return markdown_table(header, cells, "ll" + "r" * 9)


def loops_text(fared: Sequence[Fared]) -> str:
    """How much of what comes home is found: means over seeds, with the least and the most."""
    header = ["scenario", "changed", "loops", *LOOP_COLUMNS, "budget", "alerts a day", "payers a day"]
    cells = [
        [name, shift, str(sum(one.parts["any event"].of for one in some)), *(_spread(some, n) for n in LOOP_COLUMNS),
         *(f"{_mean(getattr(one, name) for one in some):.1f}" for name in PER_DAY)]
        for (name, shift), some in together(fared).items()
    ]  # fmt: skip
    return markdown_table(header, cells, "ll" + "r" * (len(header) - 2))


def honest_text(fared: Sequence[Fared]) -> str:
    """What honest money is flagged: alerts in a thousand, and of all alerts on moves those on honest ones."""
    header = ["scenario", "changed", *(f"{name}, per {PER:,}" for name in HONEST), "of alerts on moves"]
    cells = [
        [name, shift, *(_spread(some, n, PER) for n in HONEST), _sum(some, "alerts on moves")]
        for (name, shift), some in together(fared).items()
    ]
    return markdown_table(header, cells, "ll" + "r" * (len(header) - 2))


def kinds_text(fared: Sequence[Fared]) -> str:
    """Of each kind of honest money that comes back, how many were flagged of how many."""
    header = ["scenario", "changed", *KINDS]
    cells = [[*key, *(_sum(some, kind) for kind in KINDS)] for key, some in together(fared).items()]
    return markdown_table(header, cells, "ll" + "r" * len(KINDS))


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _mean(values: Iterable[float]) -> float:
    told = list(values)
    return sum(told) / len(told)


def _spread(some: Sequence[Fared], name: str, per: int = 1) -> str:
    told = spread(some, name)
    if told is None:
        return "-"
    mean, least, most = (per * share for share in told)
    digits = 3 if per == 1 else 2
    return f"{mean:.{digits}f}" + (f" ({least:.{digits}f} to {most:.{digits}f})" if len(some) > 1 else "")


def _sum(some: Sequence[Fared], name: str) -> str:
    parts = [one.parts[name] for one in some if name in one.parts]
    return f"{sum(part.found for part in parts)} of {sum(part.of for part in parts):,}"
