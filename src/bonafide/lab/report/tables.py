"""The tables of a report."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bonafide.lab.explain.words import Lang
from bonafide.lab.intervals import Interval
from bonafide.lab.metrics import PER, Evaluation
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import strip
from bonafide.lab.report.words import between, kind_name, said


def figures(e: Evaluation, lang: Lang) -> str:
    """How well the score ranks, a figure a line with its interval."""
    budget = f"{e.budget_per_day:,}"
    rows = [(said(name, lang), getattr(e, name), name) for name in ("auc", "ap", "ks", "tc_score")]
    rows += [
        (said(name, lang), getattr(e, name), name) for name in ("recall_at_precision_90", "recall_at_precision_10")
    ]
    rows += [
        (said("tpr_at_fpr", lang, rate=f"{100 * float(rate):g} %"), value, f"tpr_at_fpr_{rate}")
        for rate, value in e.tpr_at_fpr.items()
    ]
    for name in ("precision", "recall", "user_precision", "merchant_precision"):
        whole = f"{name}_at_budget"
        rows.append((said(whole, lang, budget=budget), getattr(e, whole), whole))
    head = [(said("figure", lang), ""), (said("value", lang), "number"), (said("interval", lang), "number")]
    return _table(head, ([name, numbers.figure(value), _ends(e.intervals.get(key))] for name, value, key in rows))


def typologies(e: Evaluation, lang: Lang) -> str:
    """Each kind of cash-out, the most money first, with a bar for the share caught."""
    head = [
        (said("typology", lang), ""), (said("recall", lang), "strip"), ("", "number"),
        (said("interval", lang), "number"), (said("payments", lang), "number"), (said("money column", lang), "number"),
    ]  # fmt: skip
    kinds = sorted(e.per_typology.items(), key=lambda item: (-item[1].money, item[0]))
    return _table(
        head,
        (
            [
                kind_name(name, lang),
                strip(kind.recall, kind.recall_interval, "caught", numbers.percent(kind.recall)),
                numbers.percent(kind.recall),
                _ends(kind.recall_interval, as_percent=True),
                said("of", lang, part=f"{kind.alerted:,}", whole=f"{kind.n:,}"),
                said("of", lang, part=_amount(kind.money_caught, e), whole=numbers.money(kind.money, e.currency)),
            ]
            for name, kind in kinds
        ),
    )


def hard_negatives(e: Evaluation, lang: Lang) -> str:
    """Each kind of honest trade that looks like cash-out, the most disturbed first; bars share one scale."""
    head = [
        (said("kind", lang), ""), (said("per 10,000", lang), "strip"), ("", "number"),
        (said("interval", lang), "number"), (said("disturbed column", lang), "number"),
        (said("stopped column", lang), "number"),
    ]  # fmt: skip
    kinds = sorted(e.per_hard_negative.items(), key=lambda item: (-item[1].disturbed_per_10000, item[0]))
    ends = [kind.disturbed_interval[1] if kind.disturbed_interval else kind.disturbed_per_10000 for _, kind in kinds]
    scale = min(PER, max([1.0, *ends]))
    return _table(
        head,
        (
            [
                kind_name(name, lang),
                strip(
                    kind.disturbed_per_10000 / scale,
                    _scaled(kind.disturbed_interval, scale),
                    "disturbed",
                    f"{kind.disturbed_per_10000:.1f}",
                    kind.stopped_per_10000 / scale,
                ),
                f"{kind.disturbed_per_10000:.1f}",
                _per(kind.disturbed_interval),
                said("of", lang, part=f"{kind.disturbed:,}", whole=f"{kind.n:,}"),
                f"{kind.stopped:,}",
            ]
            for name, kind in kinds
        ),
    )


def interval_told(interval: Interval | None, lang: Lang) -> str:
    """An interval of shares in brackets, empty where there is none."""
    if interval is None:
        return ""
    return between(numbers.percent(interval[0]).removesuffix(" %"), numbers.percent(interval[1]), lang)


def _amount(minor: int, e: Evaluation) -> str:
    """An amount without its currency, which the next word says."""
    return numbers.money(minor, e.currency).removesuffix(f" {e.currency}")


def _ends(interval: Interval | None, *, as_percent: bool = False) -> str:
    if interval is None:
        return ""
    low, high = (numbers.percent(end) if as_percent else numbers.figure(end) for end in interval)
    return f"{low.removesuffix(' %')} – {high}"


def _per(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval[0]:.1f} – {interval[1]:.1f}"


def _scaled(interval: Interval | None, scale: float) -> Interval | None:
    return None if interval is None else (interval[0] / scale, interval[1] / scale)


def _table(head: list[tuple[str, str]], rows: Iterable[list[str]]) -> str:
    """A table; a column's second word is its class, and cells of class strip are drawings."""
    classes = [f' class="{kind}"' if kind else "" for _, kind in head]
    titles = "".join(f"<th{told}>{escape(title)}</th>" for (title, _), told in zip(head, classes, strict=True))
    body = []
    for row in rows:
        cells = zip(row, head, classes, strict=True)
        body.append(
            "".join(f"<td{told}>{cell if kind == 'strip' else escape(cell)}</td>" for cell, (_, kind), told in cells)
        )
    lines = "\n".join(f"<tr>{line}</tr>" for line in body)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead>\n<tbody>{lines}</tbody></table></div>'
