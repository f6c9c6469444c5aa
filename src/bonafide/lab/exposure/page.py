"""An exposure report as one HTML file that needs nothing from outside it, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bonafide.lab.explain.words import Lang
from bonafide.lab.exposure import drawn
from bonafide.lab.exposure.forecast import HISTORY_DAYS_MIN
from bonafide.lab.exposure.told import Amount, Exposure, Group, MerchantRow, Stress, Warned
from bonafide.lab.exposure.words import said
from bonafide.lab.report import numbers
from bonafide.lab.train.blocks import Block, Code, Drawing, Heading, Points, Words, as_html, as_markdown, table

SHOWN: Final = 15
"""Merchants and rings that the page names."""
WARNED_SHOWN: Final = 40
FIGURES: Final = (
    "paid_out_of_sold", "repaid_of_sold_on_credit", "days_of_sales_held", "within_24h_fraction", "instant_fraction",
    "hhi", "top_fraction", "volatility",
)  # fmt: skip
_PLAIN: Final = frozenset({"days_of_sales_held", "hhi", "volatility"})


def exposure_html(told: Exposure, command: str, lang: Lang = "en") -> str:
    """The page; `command` is how to get it again. The same arguments give the same text to the byte."""
    page = as_html(said("title", lang), [*_blocks(told, lang), *_again(told, command, lang)])
    page = page.replace('<html lang="en">', f'<html lang="{"zh-Hans" if lang == "zh" else "en"}">', 1)
    return page.replace("</style>", f"{drawn.STYLE}</style>", 1)


def exposure_markdown(told: Exposure, command: str, lang: Lang = "en") -> str:
    """The same without drawings."""
    return as_markdown(said("title", lang), [*_blocks(told, lang), *_again(told, command, lang)])


def exposure_text(told: Exposure) -> str:
    """The main figures as lines of plain text."""
    lines = [
        f"as of {told.as_of}: {_money(told, told.open)} open, {told.payers_owing:,} payers owe, "
        f"{_money(told, told.missed)} missed by now", "",
    ]  # fmt: skip
    if told.no_forecast is not None:
        lines.append(f"no forecast: {told.no_forecast}")
    for days, one in zip(told.horizons_days, told.losses, strict=False):
        lines.append(f"lost within {days:>3} days  {_money(told, one.mean):>20}   ({_span(told, one)})")
    lines += ["", f"{'if they vanish':<14}{'lost at most':>22}{'expected':>20}"]
    for row in told.stress:
        expected = _money(told, row.expected.mean) if told.losses else numbers.DASH
        lines.append(f"{row.name:<14}{_money(told, row.at_most):>22}{expected:>20}")
    return "\n".join(lines)


def _blocks(told: Exposure, lang: Lang) -> Iterator[Block]:
    yield Words(said(
        "lead", lang, as_of=told.as_of[:16], open=_money(told, told.open), owing=f"{told.payers_owing:,}",
        debts=f"{told.debts:,}", missed=_money(told, told.missed), before=_money(told, told.before_log),
    ))  # fmt: skip
    yield Heading(said("loss", lang))
    if told.no_forecast is not None:
        yield Words(said("no forecast", lang, n=HISTORY_DAYS_MIN))
    else:
        yield Words(said("loss told", lang))
        yield table(_head(lang, "horizon", "mean", "span", "share"), _loss_rows(told, lang))
        yield Drawing(drawn.losses(told, lang), said("loss", lang))
        yield Words(said("stretch", lang, **{name: told.stretch[name] for name in ("total", "merchant")}))
    bars = said("bars told", lang) + (said("vintage told", lang, n=told.reserve_days) if told.losses else "")
    for name, groups in (("month", told.by_month), ("first sale", told.by_first_sale)):
        yield Heading(said(name, lang))
        yield Drawing(drawn.vintages(told, groups, lang), bars)
        yield table(_group_head(told, "month of", lang), [_group_row(told, one, lang) for one in groups])
    yield from _rings(told, lang)
    yield from _merchants(told, lang)
    yield Heading(said("stress", lang))
    yield Words(said("stress told", lang))
    head = _head(lang, "who", "number", "open", "held", "at most", "expected", "span")
    yield table(head, [_stress_row(told, one, lang) for one in told.stress])
    yield from _flow(told, lang)
    if told.warnings is not None:
        yield from _warnings(told.warnings, lang)


def _warnings(warnings: tuple[Warned, ...], lang: Lang) -> Iterator[Block]:
    yield Heading(said("warnings", lang))
    yield Words(said("warnings told", lang, n=len(warnings)))
    rows = [
        (one.subject_id, said(one.subject_type, lang), one.time[:16], numbers.percent(one.chance),
         "；".join(one.reasons_zh) if lang == "zh" else "; ".join(one.reasons_en))
        for one in warnings[:WARNED_SHOWN]
    ]  # fmt: skip
    if rows:
        yield table(_head(lang, "who", "kind", "when", "chance", "why"), rows)


def _again(told: Exposure, command: str, lang: Lang) -> Iterator[Block]:
    notes = [said("left out", lang, n=f"{told.left_out:,}")] if told.left_out else []
    notes += [said("bundle", lang, bundle=told.bundle)] if told.bundle is not None else []
    if notes:
        yield Points(tuple(notes))
    yield Heading(said("again", lang))
    yield Code(command)


def _rings(told: Exposure, lang: Lang) -> Iterator[Block]:
    yield Heading(said("ring", lang))
    yield Words(said("ring told", lang))
    if told.by_ring:
        yield table(_group_head(told, "ring of", lang), [_group_row(told, one, lang) for one in told.by_ring[:SHOWN]])
    else:
        yield Words(said("no ring", lang))


def _merchants(told: Exposure, lang: Lang) -> Iterator[Block]:
    yield Heading(said("merchants", lang))
    yield Words(said("merchants told", lang, n=told.reserve_days))
    head = _head(lang, "merchant", "open", "missed", "payers", "undelivered", "held", "reserve", "span")
    yield table(head, [_merchant_row(told, one) for one in told.merchants[:SHOWN]])


def _flow(told: Exposure, lang: Lang) -> Iterator[Block]:
    yield Heading(said("flow", lang))
    yield Drawing(drawn.flow(told, lang), said("flow told", lang, currency=told.currency or "", n=len(told.days)))
    head = (said("figure", lang), said("value", lang, n=told.flow["days"]), said("means", lang))
    yield table(head, [(said(name, lang), _figure(told, name), said(f"{name} told", lang)) for name in FIGURES])


def _head(lang: Lang, *names: str) -> tuple[str, ...]:
    return tuple(said(name, lang) for name in names)


def _loss_rows(told: Exposure, lang: Lang) -> Iterator[tuple[str, ...]]:
    for days, one in zip(told.horizons_days, told.losses, strict=True):
        share = numbers.percent(one.mean / told.open) if told.open else numbers.DASH
        yield said("days", lang, n=days), _money(told, one.mean), _span(told, one), share


def _group_head(told: Exposure, first: str, lang: Lang) -> tuple[str, ...]:
    later = [said("days", lang, n=days) for days in told.horizons_days] if told.losses else []
    spanned = [said("span of", lang, n=told.reserve_days)] if told.losses else []
    return (*_head(lang, first, "open", "missed", "debts", "payers"), *later, *spanned)


def _group_row(told: Exposure, one: Group, lang: Lang) -> tuple[str, ...]:
    name = said("before the log", lang) if one.name == "before the log" else one.name
    losses = [_short(told, loss.mean) for loss in one.losses]
    if one.losses:
        sure = one.losses[told.horizons_days.index(told.reserve_days)]
        losses.append(f"{_short(told, sure.low)} - {_short(told, sure.high)}")
    return name, _short(told, one.open), _short(told, one.missed), f"{one.debts:,}", f"{one.payers:,}", *losses


def _merchant_row(told: Exposure, row: MerchantRow) -> tuple[str, ...]:
    group, rate = row.group, row.reserve
    share = numbers.DASH if not told.losses else numbers.percent(rate.mean / 1_000_000)
    span = (
        numbers.DASH if not told.losses else f"{numbers.percent(rate.low / 1e6)} - {numbers.percent(rate.high / 1e6)}"
    )
    return (
        group.name, _short(told, group.open), _short(told, group.missed), f"{group.payers:,}",
        _short(told, row.undelivered), _short(told, row.held), share, span,
    )  # fmt: skip


def _stress_row(told: Exposure, one: Stress, lang: Lang) -> tuple[str, ...]:
    name = said("largest", lang, n=one.merchants) if one.name.startswith("largest") else one.name
    sure = one.expected
    expected = (_short(told, sure.mean), f"{_short(told, sure.low)} - {_short(told, sure.high)}")
    return (
        name, f"{one.merchants:,}", _short(told, one.open), _short(told, one.held), _short(told, one.at_most),
        *(expected if told.losses else (numbers.DASH, numbers.DASH)),
    )  # fmt: skip


def _figure(told: Exposure, name: str) -> str:
    value = told.flow[name]
    if value is None:
        return numbers.DASH
    return f"{value:.3f}" if name in _PLAIN else numbers.percent(value)


def _span(told: Exposure, one: Amount) -> str:
    return f"{_money(told, one.low)} - {_money(told, one.high)}"


def _money(told: Exposure, value: int) -> str:
    return numbers.money(value, told.currency)


def _short(told: Exposure, value: int) -> str:
    """Whole major units, without the currency, for cells of a table."""
    return f"{numbers.major(value, told.currency):,.0f}"
