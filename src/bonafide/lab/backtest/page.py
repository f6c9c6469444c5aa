"""A back-test as one HTML file that needs nothing from outside it; every word from the data or a bundle is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

from bonafide.core.moment import DAY_MS
from bonafide.lab.backtest import drawn
from bonafide.lab.backtest.text import change, interval
from bonafide.lab.backtest.told import Backtest, BundleTold, Example, Figure, Judged, RuleTold, SwapSet
from bonafide.lab.backtest.words import said
from bonafide.lab.explain.words import Lang
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import strip

Cell = tuple[str, str]
"""HTML, and the CSS class of its cell."""


def backtest_html(told: Backtest, command: str, lang: Lang = "en") -> str:
    """The whole page; the same back-test, command and language give the same text to the byte."""
    style = files("bonafide.lab.report").joinpath("style.css").read_text(encoding="utf-8")
    sections = [
        _head(told, lang), _bundles(told, lang), _days(told, lang),
        *(_swaps(told, one, lang) for one in told.swap_sets),
        _typologies(told, lang), *(_rules(told, one, lang) for one in told.bundles), _notes(told, lang),
        _again(told, command, lang),
    ]  # fmt: skip
    title = escape(said("title", lang))
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} · Bonafide</title>\n<style>\n{style}{drawn.STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(told: Backtest, lang: Lang) -> str:
    parts = [said(
        "lead", lang, events=f"{told.events:,}", decided=f"{told.decided:,}", first=told.first_day or numbers.DASH,
        last=told.last_day or numbers.DASH, champion=told.bundles[0].name,
    )]  # fmt: skip
    if told.labels is None:
        parts.append(said("not judged", lang))
    else:
        parts.append(said(
            f"judged {told.labels}", lang, labelled=f"{told.labelled:,}", payers=f"{told.payers:,}",
            bad=f"{told.cash_out:,}",
        ))  # fmt: skip
    if told.cached:
        parts.append(said("cached", lang))
    lead = ("" if lang == "zh" else " ").join(parts)
    return f'<header><h1>{escape(said("title", lang))}</h1>\n<p class="lead">{escape(lead)}</p></header>'


def _bundles(told: Backtest, lang: Lang) -> str:
    head = ["bundle", "alerts a day", "most", "over", "unread"]
    rows = [
        [_name(told, i, lang), _number(f"{one.days.mean:.1f}"), _number(f"{one.days.most:,}"),
         _number(f"{one.days.over_budget:,}"), _number(f"{one.days.waiting:,}")]
        for i, one in enumerate(told.bundles)
    ]  # fmt: skip
    body = _table([said(name, lang) for name in head], rows)
    judged = [(i, one.judged) for i, one in enumerate(told.bundles) if one.judged is not None]
    if judged:
        head = ["bundle", "money caught", "precision", "disturbed", "users disturbed"]
        body = (
            f"{drawn.legend(told)}<figure>{drawn.trade_off(told, lang)}"
            f"<figcaption>{escape(said('pair told', lang))}</figcaption></figure>"
            + _table([said(name, lang) for name in head], [_judged(told, i, one, lang) for i, one in judged])
            + body
        )
    return _section(said("bundles", lang), body)


def _judged(told: Backtest, number: int, one: Judged, lang: Lang) -> list[Cell]:
    share, disturbed, users = (
        one.money_caught_fraction, one.honest_disturbed_per_10000, one.honest_users_disturbed_per_10000
    )  # fmt: skip
    return [
        _name(told, number, lang),
        _figure(f"{numbers.percent(share.value)} {interval(share, 1, percent=True)}",
                numbers.money(one.money_caught, told.currency), change(share, 1, percent=True), lang),
        _number(numbers.percent(one.precision.value)),
        _figure(_plain(disturbed.value), interval(disturbed, 1, percent=False),
                change(disturbed, 1, percent=False), lang),
        _figure(_plain(users.value), interval(users, 1, percent=False), change(users, 1, percent=False), lang),
    ]  # fmt: skip


def _days(told: Backtest, lang: Lang) -> str:
    if told.first_day is None or not told.bundles[0].days.alerts:
        return ""
    first = int(datetime.fromisoformat(told.first_day).replace(tzinfo=UTC).timestamp() * 1000) // DAY_MS
    words = f'<p class="soft">{escape(said("days told", lang, budget=f"{told.budget_per_day:,}"))}</p>'
    return _section(
        said("days", lang), f"{words}{drawn.legend(told)}<figure>{drawn.alerts_by_day(told, first, lang)}</figure>"
    )


def _swaps(told: Backtest, one: SwapSet, lang: Lang) -> str:
    title = said("swaps", lang, name=one.challenger)
    if not one.changed:
        return _section(title, f"<p>{escape(said('no swaps', lang))}</p>")
    words = said(
        "swaps told", lang, changed=f"{one.changed:,}", new=f"{one.alerts_new:,}", gone=f"{one.alerts_gone:,}",
        scores=f"{one.scores_changed:,}",
    )  # fmt: skip
    labelled = told.labels is not None
    head = ["from", "to", "events", "money", *(("cash-out", "honest") if labelled else ())]
    rows = [
        [_words(swap.before), _words(swap.after), _number(f"{swap.events:,}"),
         _number(numbers.money(swap.money, told.currency)),
         *([_number(f"{swap.cash_out:,}"), _number(f"{swap.honest:,}")] if labelled else [])]
        for swap in one.swaps
    ]  # fmt: skip
    examples = [example for swap in one.swaps for example in swap.examples]
    return _section(
        title,
        f"<p>{escape(words)}</p>{_table([said(n, lang) for n in head], rows)}"
        f"<details open><summary>{escape(said('examples', lang))}</summary>{_examples(examples, lang)}</details>",
    )


def _examples(examples: Sequence[Example], lang: Lang) -> str:
    head = ["event", "who", "amount", "truth", "score", "hits"]
    rows = []
    for one in examples:
        amount = numbers.DASH if one.amount is None else numbers.money(one.amount, one.currency)
        truth = one.typology or one.label or numbers.DASH
        swap = f"{one.champion.outcome} → {one.challenger.outcome}"
        rows.append([
            _beside_left(one.event_id, f"{one.type}, {one.time[:16].replace('T', ' ')}"),
            _words(", ".join(filter(None, (one.user_id, one.merchant_id)))), _number(amount), _words(truth),
            _beside(f"{one.champion.score:.3f} → {one.challenger.score:.3f}", swap),
            _hits(one),
        ])  # fmt: skip
    return _table([said(name, lang) for name in head], rows)


def _hits(one: Example) -> Cell:
    before, after = set(one.champion.hits), set(one.challenger.hits)
    told = [*one.challenger.hits, *(name for name in one.champion.hits if name not in after)]
    marks = ("+" if name not in before else "−" if name not in after else "" for name in told)
    text = ", ".join(f"{mark}{name}" for mark, name in zip(marks, told, strict=True))
    reasons = ", ".join(one.challenger.reasons)
    return f'{escape(text)}<br><span class="soft">{escape(reasons)}</span>', "text"


def _typologies(told: Backtest, lang: Lang) -> str:
    judged = [one.judged for one in told.bundles if one.judged is not None]
    if not judged or not judged[0].per_typology:
        return ""
    head = [said("typology", lang), said("payments", lang), *(one.name for one in told.bundles)]
    rows = []
    order = sorted(judged[0].per_typology.items(), key=lambda item: (-item[1].money, item[0]))
    for name, first in order:
        cells = [_words(name), _number(f"{first.n:,}")]
        for number, one in enumerate(judged):
            cells.append(_share(one.per_typology[name].recall, "caught" if number == 0 else "disturbed"))
        rows.append(cells)
    words = f'<p class="soft">{escape(said("typologies told", lang))}</p>'
    return _section(said("typologies", lang), words + _table(head, rows))


def _share(figure: Figure, kind: str) -> Cell:
    told = numbers.percent(figure.value, 0)
    return f"{strip(figure.value or 0.0, figure.interval, kind, told)}{escape(told)}", "strip"


def _rules(told: Backtest, one: BundleTold, lang: Lang) -> str:
    if not one.rules:
        return ""
    labelled = told.labels is not None
    names = ["rule", "weight", "events", "alone", "precision" if labelled else "alerts", "alerts lost",
             *(("cash-out lost", "money lost", "spared") if labelled else ())]  # fmt: skip
    held = [rule for rule in one.rules if rule.hits]
    held.sort(key=lambda r: (-(r.money_lost or 0), -(r.alerts_lost or 0), -r.hits, r.id))
    rows = [_rule(told, rule, labelled=labelled) for rule in held]
    body = f'<p class="soft">{escape(said("rules told", lang))}</p>' + _table([said(n, lang) for n in names], rows)
    if one.never:
        body += f"<p>{escape(said('never', lang, names=', '.join(one.never)))}</p>"
    if one.overlaps:
        points = (
            said("overlap", lang, one=pair.one, other=pair.other, both=f"{pair.both:,}",
                 share=numbers.percent(max(pair.of_one, pair.of_other), 0))
            for pair in one.overlaps
        )  # fmt: skip
        listed = "".join(f"<li>{escape(point)}</li>" for point in points)
        title = f"{escape(said('overlaps', lang))} ({len(one.overlaps)})"
        body += f"<details><summary>{title}</summary><ul>{listed}</ul></details>"
    return _section(said("rules", lang, name=one.name), body)


def _rule(told: Backtest, rule: RuleTold, *, labelled: bool) -> list[Cell]:
    weight = numbers.DASH if rule.weight is None else f"{rule.weight:.2f}"
    money = numbers.DASH if rule.money_lost is None else numbers.money(rule.money_lost, told.currency)
    worth = numbers.percent(rule.precision) if labelled else f"{rule.alerts:,}"
    cells = [
        _beside_left(rule.id, rule.typology or ""), _number(weight), _number(f"{rule.hits:,}"),
        _number(f"{rule.hits_alone:,}"), _number(worth), _count(rule.alerts_lost),
    ]  # fmt: skip
    return [*cells, *([_count(rule.cash_out_lost), _number(money), _count(rule.honest_spared)] if labelled else [])]


def _notes(told: Backtest, lang: Lang) -> str:
    notes = list(told.notes)
    if told.resamples:
        notes.append(said("intervals", lang, resamples=f"{told.resamples:,}", payers=f"{told.payers:,}"))
    return _section(said("notes", lang), "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>")


def _again(told: Backtest, command: str, lang: Lang) -> str:
    hashes = "".join(
        f"<li>{escape(one.name)} <code>{escape(one.hash)}</code> ({escape(said(one.how, lang))})</li>"
        for one in told.bundles
    )
    return _section(said("again", lang), f"<pre>{escape(command)}</pre><ul>{hashes}</ul>")


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    told = list(rows)
    kinds = [kind for _, kind in told[0]] if told else [""] * len(head)
    titles = "".join(f"<th{_class(kind)}>{escape(title)}</th>" for title, kind in zip(head, kinds, strict=True))
    lines = "\n".join(
        "<tr>" + "".join(f"<td{_class(kind)}>{html}</td>" for html, kind in row) + "</tr>" for row in told
    )
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead>\n<tbody>{lines}</tbody></table></div>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _name(told: Backtest, number: int, lang: Lang) -> Cell:
    one = told.bundles[number]
    beside = said("champion", lang) if number == 0 else said(one.how, lang)
    return _beside_left(one.name, beside)


def _figure(big: str, small: str, more: str, lang: Lang) -> Cell:
    """A figure, what stands beside it, and what it is more than the champion's."""
    html, kind = _beside(big, small)
    beside = f'<br><span class="soft">{escape(said("more", lang, by=more))}</span>' if more else ""
    return html + beside, kind


def _beside(big: str, small: str) -> Cell:
    return f'{escape(big)}<br><span class="soft">{escape(small)}</span>', "number"


def _beside_left(big: str, small: str) -> Cell:
    return f'{escape(big)}<br><span class="soft">{escape(small)}</span>', "text"


def _words(text: str) -> Cell:
    return escape(text), "text"


def _number(text: str) -> Cell:
    return escape(text), "number"


def _count(value: int | None) -> Cell:
    return _number(numbers.DASH if value is None else f"{value:,}")


def _plain(value: float | None) -> str:
    return numbers.DASH if value is None else f"{value:.1f}"
