"""A merchant's credit score as people read it: points, history, peers, and the way back up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bonafide.core.text import shorten
from bonafide.engine.explain_score import MerchantCreditTold
from bonafide.lab.explain.score import called, input_number, way_of, whole_points
from bonafide.lab.explain.words import Lang, said, word


def merchant_text(merchant: str, told: MerchantCreditTold, history: Sequence[dict[str, Any]], lang: Lang) -> str:
    """All that is told of one merchant: the score that was read last with its parts, then each week."""
    lines = [said("credit", lang, kind=word("merchant", lang), id=shorten(merchant))]
    lines += [_row(f"{told.base}", said("merchant base", lang))]
    whole = whole_points(list(told.families.values()), told.score - told.base)
    for (family, _), points in zip(told.families.items(), whole, strict=True):
        lines.append(_row(f"{points:+d}", word(family, lang)))
        lines += [
            _row("", f"{called(one.input, lang)}: {input_number(one.value, lang)} ({one.points:+.1f})")
            for one in told.inputs if one.input.family == family
        ]  # fmt: skip
    lines += [_row(f"{told.score}", said("credit sum", lang, level=word(told.level, lang)), "=")]
    lines += ["", *way_lines(told, lang), ""]
    return "\n".join([*lines, *_history(history, lang)])


def way_lines(told: MerchantCreditTold, lang: Lang) -> list[str]:
    """What each input would have to become, and how many points that gives."""
    lines = [said("way up" if told.way_up else "no costs", lang)]
    for one in told.way_up:
        text = said(way_of(one), lang, value=input_number(one.best_at, lang), now=input_number(one.value, lang))
        lines.append(_row(f"+{one.lost:.0f}", f"{called(one.input, lang)}: {text}"))
    return lines


def _history(history: Sequence[dict[str, Any]], lang: Lang) -> list[str]:
    lines = [said("history", lang)]
    for row in history:
        share = row["below"]
        beside = said("no peers", lang) if share is None else said(
            "peers", lang, share=f"{100 * share:.0f}", n=row["peers"], category=row["category"],
            age=word(row["age"], lang), by=word(row["compared_by"], lang),
        )  # fmt: skip
        lines.append(_row(f"{row['score']}", f"{row['week'][:10]}   {word(row['level'], lang)}   {beside}"))
    return lines


def _row(number: str, text: str, sign: str = " ") -> str:
    return f"{sign} {number:>7}   {text}"
