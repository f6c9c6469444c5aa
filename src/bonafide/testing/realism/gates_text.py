"""Gates as plain text that people read."""

from __future__ import annotations

from typing import Final

from bonafide.testing.realism.gates import Gate, Gates, Measurement, Signal

SIGNALS_SHOWN: Final = 12
"""Of the worst; `--json` has all."""
_NAME_WIDTH: Final = 28


def show(gates: Gates) -> str:
    """Every gate with its figures and ranges, then the signals that tell most; lines of about 100 characters."""
    judged = f"{gates.payments:,} payments judged, {gates.payments_bad:,} of them cash-out; "
    cards = f"{gates.cards:,} cards, {gates.cards_bad:,} of them of users who take part"
    parts = [judged + cards, *map(_gate, gates.gates), _signals(gates.signals), *gates.notes]
    return "\n\n".join(parts)


def _gate(one: Gate) -> str:
    lines = [f"Gate {one.number}: {one.title}: {'holds' if one.holds else 'DOES NOT HOLD'}"]
    return "\n".join([*lines, *map(_measurement, one.measurements)])


def _measurement(one: Measurement) -> str:
    verdict = {True: "holds", False: "NO", None: ""}[one.holds]
    line = f"  {one.name:<{_NAME_WIDTH}}{_number(one.value):>8}  {_range(one):<14}{verdict:<6}  {one.note}"
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


def _signals(signals: tuple[Signal, ...]) -> str:
    lines = [f"What tells most alone ({min(SIGNALS_SHOWN, len(signals))} of {len(signals)}; all with --json)"]
    lines.append(f"  {'':<{_NAME_WIDTH}}{'AUC':>8}{'known':>8}{'missing':>9}")
    for one in signals[:SIGNALS_SHOWN]:
        figures = f"{_number(one.auc):>8}{_number(one.auc_known):>8}{100 * one.missing_fraction:>7.1f} %"
        lines.append(f"  {one.name:<{_NAME_WIDTH}}{figures}  {one.kind}")
    return "\n".join(lines)
