"""A comparison of arms as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from bonafide.lab.arms.told import Arms, Difference, Figure
from bonafide.lab.arms.words import name_before, note_text, said
from bonafide.lab.explain.words import Lang
from bonafide.lab.report import numbers

SHARES = frozenset({"money_stopped_fraction", "money_caught_fraction", "precision"})
"""Figures of 0..1."""


def arms_text(told: Arms) -> str:
    """The result as people read it in a terminal."""
    lines = [lead(told, "en"), ""]
    lines += [f"! {note_text(warning, 'en')}" for warning in told.warnings] + ([""] if told.warnings else [])
    lines += [*_arms(told), "", *_figures(told)]
    if told.before:
        lines += ["", said("before", "en"), *_before(told)]
    lines += ["", *(f"note: {note_text(note, 'en')}" for note in told.notes)]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def lead(told: Arms, lang: Lang) -> str:
    """What was compared."""
    first = said(
        "lead", lang, events=f"{told.events:,}", subjects=f"{told.subjects:,}", days=f"{told.days:.1f}",
        first=told.first[:16].replace("T", " "), last=told.last[:16].replace("T", " "),
    )  # fmt: skip
    judged = said("not judged" if told.labels is None else f"judged {told.labels}", lang)
    return f"{first}{'' if lang == 'zh' else ' '}{judged}"


def _arms(told: Arms) -> Iterator[str]:
    yield f"{'arm':<12}{'subjects':>10}{'share':>9}{'wanted':>9}{'events':>11}" + "".join(
        f"{outcome:>10}" for outcome in told.arms[0].by_outcome
    )
    for one in told.arms:
        wanted = f"{100 * one.expected:.2f}%"
        yield f"{one.name:<12}{one.subjects:>10,}{100 * one.share:>8.2f}%{wanted:>9}{one.events:>11,}" + "".join(
            f"{count:>10,}" for count in one.by_outcome.values()
        )


def _figures(told: Arms) -> Iterator[str]:
    names = [one.name for one in told.arms]
    by_name = {one.name: one for one in told.differences}
    yield f"{'':<45}" + "".join(f"{name:>13}" for name in names) + f"   challenger less {told.against}, 95 %"
    for name in told.arms[0].figures:
        cells = "".join(f"{shown(name, one.figures[name].value):>13}" for one in told.arms)
        change = by_name.get(name)
        yield f"{said(name, 'en'):<45}{cells}   {'' if change is None else difference_told(change, 'en')}"


def _before(told: Arms) -> Iterator[str]:
    yield f"{'':<45}{'challenger':>13}{told.against:>13}{'z':>8}"
    for one in told.before:
        yield f"{said(name_before(one.name), 'en'):<45}{one.challenger:>13.4f}{one.against:>13.4f}{one.z:>8.2f}"


def shown(name: str, value: float | None) -> str:
    """A figure's value."""
    if name in SHARES:
        return numbers.percent(value)
    return numbers.DASH if value is None else f"{value:,.1f}"


def interval_told(name: str, figure: Figure | Difference) -> str:
    """The interval in brackets; nothing where there is none."""
    if figure.interval is None:
        return ""
    times, digits = (100, 2) if name in SHARES else (1, 1)
    return f"[{times * figure.interval[0]:.{digits}f}, {times * figure.interval[1]:.{digits}f}]"


def difference_told(one: Difference, lang: Lang) -> str:
    """A difference with its interval; a star where that leaves zero out."""
    if one.value is None:
        return numbers.DASH
    times, digits = (100, 2) if one.name in SHARES else (1, 1)
    ends = interval_told(one.name, one) or f"({said('few', lang)})"
    return f"{times * one.value:+.{digits}f} {ends}{' *' if one.clear else ''}"
