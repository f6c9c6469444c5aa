"""Gates as text that people read; those of several runs as Markdown tables, to be pasted into documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bonafide.testing.realism.gates import Gate, Gates, Measurement, Signal
from bonafide.testing.realism.several import Several

SIGNALS_SHOWN: Final = 12
"""Of the worst; `--json` has all."""
OUTSIDE: Final = "*"
"""Marks a run's own value that lies outside the accepted range."""
_NAME_WIDTH: Final = 28


def show(gates: Gates) -> str:
    """Every gate with its figures and ranges, then the signals that tell most; lines of about 100 characters."""
    parts = [_judged(gates), *map(_gate, gates.gates), _signals(gates.signals), *gates.notes]
    return "\n\n".join(parts)


def show_several(several: Several) -> str:
    """A row for each figure with a range and a column for each seed, then the signals that tell most on average."""
    seeds = [run.seed for run in several.runs]
    sizes = f"{several.users:,} users, {several.merchants:,} merchants, {several.days:,} days"
    opening = f"{several.scenario}: {sizes}; seeds {', '.join(map(str, seeds))}\n{_judged(several.mean)}"
    broken = ", ".join(f"gate {one.number}" for one in several.mean.gates if not one.holds)
    passed = [f"gate {one.number}" for one in several.mean.gates if one.skipped]
    verdict = f"DO NOT HOLD: {broken}" if broken else "all gates hold"
    verdict += f"; skipped: {', '.join(passed)}" if passed else ""
    legend = "worst_auc and signals_above in the column of means judge each signal's mean AUC."
    parts = [opening, figures_table(several), f"{OUTSIDE} outside by itself; the mean decides. {legend}"]
    parts += [
        _title(several.mean.signals),
        _signals_table(several),
        "Told beside, without a range",
        told_table(several),
        *several.mean.notes,
        f"By the mean of {len(seeds)} seeds: {verdict}.",
    ]
    return "\n\n".join(parts)


def figures_table(several: Several) -> str:
    """Every figure that has an accepted range, run by run and by the mean."""
    header = ["gate", "measurement", *(str(run.seed) for run in several.runs), "mean", "error", "accepted", ""]
    rows = [
        [
            str(gate.number),
            one.name,
            *(shown(run.gates.gates[g].measurements[m]) for run in several.runs),
            _number(one.value),
            "" if one.standard_error is None else _number(one.standard_error),
            _range(one),
            "holds" if one.holds else "NO",
        ]
        for g, gate in enumerate(several.mean.gates)
        for m, one in enumerate(gate.measurements)
        if one.holds is not None
    ]
    return markdown_table(header, rows, "rl" + "r" * (len(several.runs) + 2) + "ll")


def told_table(several: Several) -> str:
    """Every figure that has no accepted range, run by run and by the mean."""
    header = ["gate", "measurement", *(str(run.seed) for run in several.runs), "mean", "error"]
    rows = [
        [
            str(gate.number),
            one.name,
            *(_number(run.gates.gates[g].measurements[m].value) for run in several.runs),
            _number(one.value),
            "" if one.standard_error is None else _number(one.standard_error),
        ]
        for g, gate in enumerate(several.mean.gates)
        for m, one in enumerate(gate.measurements)
        if one.holds is None
    ]
    return markdown_table(header, rows, "rl" + "r" * (len(several.runs) + 2))


def _signals_table(several: Several) -> str:
    by_run = [{one.name: one.auc for one in run.gates.signals} for run in several.runs]
    header = ["AUC of", "kind", *(str(run.seed) for run in several.runs), "mean", "missing"]
    rows = [
        [one.name, one.kind, *(_number(own.get(one.name)) for own in by_run), _number(one.auc), _percent(one)]
        for one in several.mean.signals[:SIGNALS_SHOWN]
    ]
    return markdown_table(header, rows, "ll" + "r" * (len(several.runs) + 2))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A Markdown table whose columns stand below each other; `align` has l or r for each column.

    >>> print(markdown_table(["gate", "AUC"], [["cards", "0.7"]], "lr"))
    | gate  | AUC |
    | ----- | --: |
    | cards | 0.7 |
    """
    body = [list(row) for row in rows]
    wide = [max(3, *map(len, column)) for column in zip(header, *body, strict=True)]
    rules = ["-" * (width - 1) + (":" if side == "r" else "-") for width, side in zip(wide, align, strict=True)]
    lines = [
        [
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row, wide, align, strict=True)
        ]
        for row in (list(header), *body)
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (lines[0], rules, *lines[1:]))


def shown(one: Measurement) -> str:
    """A figure, marked where it lies outside its accepted range; numbers end below each other."""
    return _number(one.value) + (OUTSIDE if one.holds is False else " ")


def _judged(gates: Gates) -> str:
    payments = f"{gates.payments:,} payments judged, {gates.payments_bad:,} of them cash-out"
    return f"{payments}; {gates.cards:,} cards, {gates.cards_bad:,} of them of users who take part"


def _gate(one: Gate) -> str:
    if one.skipped:
        return f"Gate {one.number}: {one.title}: skipped: {one.skipped}"
    lines = [f"Gate {one.number}: {one.title}: {'holds' if one.holds else 'DOES NOT HOLD'}"]
    return "\n".join([*lines, *map(_measurement, one.measurements)])


def _measurement(one: Measurement) -> str:
    verdict = {True: "holds", False: "NO", None: ""}[one.holds]
    doubt = "" if one.standard_error is None else f"standard error {_number(one.standard_error)}"
    line = f"  {one.name:<{_NAME_WIDTH}}{_number(one.value):>8}  {_range(one):<14}{verdict:<6}  {one.note or doubt}"
    return line.rstrip()


def _range(one: Measurement) -> str:
    if one.low is not None and one.high is not None:
        return f"{one.low:g} to {one.high:g}"
    if one.high is not None:
        return f"at most {one.high:g}"
    return "" if one.low is None else f"at least {one.low:g}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _percent(one: Signal) -> str:
    return f"{100 * one.missing_fraction:.1f} %"


def _title(signals: tuple[Signal, ...]) -> str:
    return f"What tells most alone ({min(SIGNALS_SHOWN, len(signals))} of {len(signals)}; all with --json)"


def _signals(signals: tuple[Signal, ...]) -> str:
    lines = [_title(signals), f"  {'':<{_NAME_WIDTH}}{'AUC':>8}{'known':>8}{'missing':>9}"]
    for one in signals[:SIGNALS_SHOWN]:
        figures = f"{_number(one.auc):>8}{_number(one.auc_known):>8}{_percent(one):>9}"
        lines.append(f"  {one.name:<{_NAME_WIDTH}}{figures}  {one.kind}")
    return "\n".join(lines)
