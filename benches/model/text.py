"""The tables of docs/model.md."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from benches.model.compare import OTHERS, OURS, Compared, Side
from bonafide.lab.intervals import Interval
from bonafide.testing.realism.gates_text import markdown_table

FIGURES: Final = ("ap", "auc", "money_caught_fraction")
SIDES: Final = (OURS, *OTHERS)


def compared_text(rows: Sequence[Compared]) -> str:
    """A line for each log and side, with intervals over payers."""
    header = ["scenario", "seed", "changed", "payments", "cash-out", "side", "AP", "AUC", "money caught at 1 %",
              "method", "error left by ours"]  # fmt: skip
    cells = []
    for one in rows:
        for name, side in one.sides.items():
            left, interval = one.error_left.get(name, (1.0, None))
            cells.append(
                [one.scenario, str(one.seed), one.shift, f"{one.payments:,}", f"{one.cash_out:,}", name,
                 *(_figure(side, figure) for figure in FIGURES), side.method, f"{left:.2f}{_interval(interval)}"]
            )  # fmt: skip
    return markdown_table(header, cells, "lrlrrlrrrlr")


def summary_text(rows: Sequence[Compared]) -> str:
    """Means over logs, for each scenario and change."""
    header = ["scenario", "changed", "logs", "confirmed", *(f"AP, {name}" for name in SIDES),
              *(f"money, {name}" for name in SIDES), *(f"error left, {name}" for name in OTHERS)]  # fmt: skip
    groups: dict[tuple[str, str], list[Compared]] = {}
    for one in rows:
        groups.setdefault((one.scenario, one.shift), []).append(one)
        groups.setdefault(("all", ""), []).append(one)
    groups["all", ""] = groups.pop(("all", ""))
    cells = [
        [*key, str(len(some)), f"{fmean(one.known_fraction for one in some):.0%}",
         *(f"{fmean(_value(one.sides[name], figure) for one in some):.3f}"
           for figure in ("ap", "money_caught_fraction") for name in SIDES),
         *(_spread([one.error_left[name][0] for one in some]) for name in OTHERS)]
        for key, some in groups.items()
    ]  # fmt: skip
    return markdown_table(header, cells, "ll" + "r" * (len(header) - 2))


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def unseen_text(rows: Sequence[Compared]) -> str:
    """Recall, at one honest payer in a hundred disturbed, of typologies that no label had taught."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in rows:
        for name, (caught, of) in one.unseen.items():
            total = found.setdefault((one.scenario, name), [0, 0])
            total[0] += caught
            total[1] += of
    cells = [[*key, str(caught), str(of), f"{caught / of:.2f}"] for key, (caught, of) in found.items()]
    return markdown_table(["scenario", "never seen before", "caught", "of", "recall"], cells, "llrrr")


def _value(side: Side, figure: str) -> float:
    value = side.figures.values[figure]
    return float("nan") if value is None else value


def _figure(side: Side, figure: str) -> str:
    return f"{_value(side, figure):.3f}{_interval(side.figures.intervals[figure])}"


def _interval(told: Interval | None) -> str:
    return "" if told is None else f" ({told[0]:.2f}-{told[1]:.2f})"
