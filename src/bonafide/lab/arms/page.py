"""A comparison of arms as one HTML file that needs nothing from outside it; every word from the data is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from bonafide.lab.arms.text import difference_told, interval_told, lead, shown
from bonafide.lab.arms.told import Arms, Note
from bonafide.lab.arms.words import name_before, note_text, said
from bonafide.lab.explain.words import Lang
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Margins, Plot

WIDTH, ROW = 1050, 28
REACHES: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""How far a drawing goes to both sides; what lies beyond the last is drawn at its border."""
_STYLE = (
    "circle.clear{fill:var(--missed)}circle.open{fill:var(--honest)}.line.clear{stroke:var(--missed)}"
    ".line.open{stroke:var(--honest)}.warn{border-left:4px solid var(--missed);padding-left:14px}"
    "td .soft{font-size:13px}"
)


def arms_html(told: Arms, command: str, lang: Lang = "en") -> str:
    """The whole page; the same comparison, command and language give the same text to the byte."""
    style = files("bonafide.lab.report").joinpath("style.css").read_text(encoding="utf-8")
    title = escape(said("title", lang))
    sections = [_warnings(told, lang), _differences(told, lang), _arms(told, lang), _outcomes(told, lang),
                _before(told, lang), _listed("notes", told.notes, lang), _again(told, command, lang)]  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} · Bonafide</title>\n<style>\n{style}{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<header><h1>{title}</h1>\n<p class="lead">{escape(lead(told, lang))}</p></header>\n'
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


def _warnings(told: Arms, lang: Lang) -> str:
    return _listed("warnings", told.warnings, lang, "warn") if told.warnings else ""


def _differences(told: Arms, lang: Lang) -> str:
    if not told.differences:
        return ""
    arms = {one.name: one for one in told.arms}
    sides = [arms["challenger"], arms[told.against]]
    rows = []
    for one in told.differences:
        text = escape(difference_told(one, lang).removesuffix(" *"))
        cells = [
            f"{escape(shown(one.name, side.figures[one.name].value))}<br>"
            f'<span class="soft">{escape(interval_told(one.name, side.figures[one.name]))}</span>'
            for side in sides
        ]  # fmt: skip
        rows.append([escape(said(one.name, lang)), *cells, f"<b>{text}</b>" if one.clear else text])
    against = said(told.against, lang)
    head = [said("figure", lang), said("challenger", lang), against, said("difference", lang)]
    words = said("differences told", lang, count=len(told.differences))
    return _section(
        said("differences", lang, against=against),
        f'<p class="soft">{escape(words)}</p><figure>{forest(told, lang)}</figure>{_table(head, rows)}',
    )


def forest(told: Arms, lang: Lang) -> str:
    """Each difference as a share of what the other arm has, with its interval, one under the other."""
    others = {one.name: one for one in told.arms}[told.against].figures
    drawn = []
    for one in told.differences:
        base = others[one.name].value
        if base and one.value is not None and one.interval is not None:
            drawn.append((one, one.value / base, one.interval[0] / base, one.interval[1] / base))
    widest = max([0.0, *(max(abs(low), abs(high)) for _, _, low, high in drawn)])
    reach = next((nice for nice in REACHES if nice >= widest), REACHES[-1])
    marks = [-reach, -reach / 2, 0.0, reach / 2, reach]
    x = Axis(-reach, reach, tuple((m, f"{100 * m:+.0f} %" if m else "0") for m in marks),
             said("relative", lang, against=said(told.against, lang)))  # fmt: skip
    rows = max(len(drawn), 1)
    y = Axis(0, rows, ())
    plot = Plot(WIDTH, ROW * rows + 62, x, y, Margins(left=330, right=44, bottom=46))
    plot.line((0, 0), (0, rows), "chance")
    for place, (one, value, low, high) in enumerate(drawn):
        at, kind = rows - place - 0.5, "clear" if one.clear else "open"
        plot.line((low, high), (at, at), kind)
        plot.dot(value, at, kind, f"{said(one.name, lang)}: {difference_told(one, lang)}")
        plot.word(-reach, at, said(one.name, lang), anchor="end", shift=(-12, 4))
    return plot.svg(said("differences", lang, against=said(told.against, lang)))


def _arms(told: Arms, lang: Lang) -> str:
    rows = []
    for one in told.arms:
        wanted = said("of", lang, share=numbers.percent(one.expected, 2))
        share = f'{escape(numbers.percent(one.share, 2))}<br><span class="soft">{escape(wanted)}</span>'
        alerts = escape(shown("alerts_a_day", one.figures["alerts_a_day"].value))
        rows.append([escape(said(one.name, lang)), f"{one.subjects:,}", share, f"{one.events:,}", alerts])
    head = [said(name, lang) for name in ("arm", "subjects", "share", "events", "alerts_a_day")]
    return _section(said("arms", lang), _table(head, rows))


def _outcomes(told: Arms, lang: Lang) -> str:
    names = list(told.arms[0].by_outcome)
    rows = [
        [escape(said(one.name, lang)),
         *(f"{one.by_outcome[name]:,}<br>"
           f'<span class="soft">{escape(numbers.money(one.money_by_outcome[name], told.currency))}</span>'
           for name in names)]
        for one in told.arms
    ]  # fmt: skip
    return _section(said("outcomes", lang), _table([said("arm", lang), *names], rows))


def _before(told: Arms, lang: Lang) -> str:
    if not told.before:
        return ""
    head = [said(name, lang) for name in ("figure", "challenger", told.against, "z")]
    rows = [
        [escape(said(name_before(one.name), lang)), f"{one.challenger:.4f}", f"{one.against:.4f}", f"{one.z:+.2f}"]
        for one in told.before
    ]
    return _section(
        said("before", lang), f'<p class="soft">{escape(said("before told", lang))}</p>{_table(head, rows)}'
    )


def _again(told: Arms, command: str, lang: Lang) -> str:
    how = f"{told.percent:g} %, {said('control', lang)} {told.control:g} %, {told.salt}"
    return _section(
        said("again", lang),
        f"<pre>{escape(command)}</pre><ul><li><code>{escape(told.bundle)}</code></li><li>{escape(how)}</li></ul>",
    )


def _listed(name: str, points: Sequence[Note], lang: Lang, kind: str = "") -> str:
    items = "".join(f"<li>{escape(note_text(point, lang))}</li>" for point in points)
    return _section(said(name, lang), f'<ul class="{kind}">{items}</ul>') if points else ""


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML; the first column holds words and the others numbers."""
    kinds = ["", *[' class="number"'] * (len(head) - 1)]
    titles = "".join(f"<th{kind}>{escape(title)}</th>" for title, kind in zip(head, kinds, strict=True))
    lines = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead>\n<tbody>{lines}</tbody></table></div>'
