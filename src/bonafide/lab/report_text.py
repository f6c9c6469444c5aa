"""An evaluation as plain text that people read."""

from __future__ import annotations

from typing import Final

from bonafide.core.money import show_money
from bonafide.lab.intervals import Interval
from bonafide.lab.metrics import Evaluation

_NAME_WIDTH: Final = 36
_VALUE_WIDTH: Final = 10
_KIND_WIDTH: Final = 20


def show(evaluation: Evaluation) -> str:
    """A summary in plain English, lines of about 100 characters, without colours; undefined figures show as a dash."""
    parts = [_opening(evaluation), _ranking(evaluation), _money(evaluation), _friction(evaluation)]
    parts += [_typologies(evaluation), _hard_negatives(evaluation), _notes(evaluation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(e: Evaluation) -> str:
    share = f" ({100 * e.positives / e.n:.2f} %)" if e.n else ""
    return f"{e.n:,} payments of {e.entities:,} payers judged; {e.positives:,} of them are cash-out{share}."


def _ranking(e: Evaluation) -> str:
    budget = f"first {e.budget_per_day:,} of each day"
    return _block(
        "How well the score ranks",
        [
            _line(e, "AUC", "auc"),
            _line(e, "average precision", "ap"),
            _line(e, "KS", "ks"),
            _line(e, "TC score", "tc_score"),
            _line(e, "recall at precision 0.9", "recall_at_precision_90"),
            _line(e, "recall at precision 0.1", "recall_at_precision_10"),
            *(
                _told(f"recall, {100 * float(rate):g} % of honest alerted", value, e.intervals[f"tpr_at_fpr_{rate}"])
                for rate, value in e.tpr_at_fpr.items()
            ),
            _line(e, f"precision, {budget}", "precision_at_budget"),
            _line(e, f"recall, {budget}", "recall_at_budget"),
            _line(e, f"users right, {budget}", "user_precision_at_budget"),
            _line(e, f"merchants right, {budget}", "merchant_precision_at_budget"),
        ],
    )


def _money(e: Evaluation) -> str:
    lines = []
    if e.money_caught_fraction is not None and e.line_saved_fraction is not None:
        fraction = _percent(e.money_caught_fraction)
        sure = _between(e.intervals.get("money_caught_fraction"), percent=True)
        lines += [
            f"  caught {_of(e, e.money_caught, e.money_caught + e.money_missed)} of cash-out: {fraction}{sure}",
            f"  missed {_amount(e, e.money_missed)}",
            f"  not yet spent at the payer's first alert: {_amount(e, e.line_saved)}, {_percent(e.line_saved_fraction)}"
            f"{_between(e.intervals['line_saved_fraction'], percent=True)}",
        ]
    if e.hours_to_detection_p50 is not None:
        hours = f"{e.hours_to_detection_p50:.1f} hours {_ends(e.intervals['hours_to_detection_p50'], 1)}".rstrip()
        lines.append(f"  half of the payers caught were caught within {hours} of their first cash-out payment")
    return _block("Money", lines)


def _friction(e: Evaluation) -> str:
    if e.honest_stopped_per_10000 is None or e.honest_disturbed_per_10000 is None:
        return ""
    lines = [
        f"  held or declined: {_per_10000(e.honest_stopped_per_10000, e.intervals['honest_stopped_per_10000'])}",
        "  asked to verify, held or declined: "
        f"{_per_10000(e.honest_disturbed_per_10000, e.intervals['honest_disturbed_per_10000'])}",
        f"  honest money disturbed: {_amount(e, e.honest_money_disturbed)}",
    ]
    return _block("Honest trade disturbed", lines)


def _typologies(e: Evaluation) -> str:
    lines = [
        f"  {name:<{_KIND_WIDTH}}{kind.alerted:>6,} of {kind.n:>7,} {_percent(kind.recall):>8} "
        f"{_ends(kind.recall_interval, 100):<15} {_of(e, kind.money_caught, kind.money)}"
        for name, kind in e.per_typology.items()
    ]
    return _block("Cash-out caught, by typology", lines)


def _hard_negatives(e: Evaluation) -> str:
    lines = [
        f"  {name:<{_KIND_WIDTH}}{kind.disturbed:>6,} of {kind.n:>7,} {kind.disturbed_per_10000:>7.1f} in 10,000 "
        f"{_ends(kind.disturbed_interval, 1):<18} {kind.stopped:,} held or declined"
        for name, kind in e.per_hard_negative.items()
    ]
    return _block("Honest trade that looks like cash-out, disturbed", lines)


def _notes(e: Evaluation) -> str:
    return "\n".join(f"Note: {note}" for note in e.notes)


def _block(title: str, lines: list[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""


def _line(e: Evaluation, title: str, name: str) -> str:
    return _told(title, getattr(e, name), e.intervals[name])


def _told(name: str, value: float | None, interval: Interval | None) -> str:
    shown = "-" if value is None else f"{value:.4f}"
    return f"  {name:<{_NAME_WIDTH}}{shown:>{_VALUE_WIDTH}}{_between(interval)}"


def _between(interval: Interval | None, *, percent: bool = False) -> str:
    if interval is None:
        return ""
    low, high = (_percent(end) if percent else f"{end:.4f}" for end in interval)
    return f"   (95 % interval {low} to {high})"


def _ends(interval: Interval | None, times: float) -> str:
    return "" if interval is None else f"({times * interval[0]:.1f} to {times * interval[1]:.1f})"


def _per_10000(value: float, interval: Interval | None) -> str:
    return f"{value:.1f} {_ends(interval, 1)}".rstrip() + " of 10,000 honest payments"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _of(e: Evaluation, part: int, whole: int) -> str:
    return f"{_amount(e, part)} of {_amount(e, whole)}"


def _amount(e: Evaluation, minor: int) -> str:
    return "-" if e.currency is None else show_money(minor, e.currency)
