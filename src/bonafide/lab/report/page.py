"""The report as one HTML file: the verdict in money and people first, how to get it again last."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple

from bonafide.lab.explain.words import Lang
from bonafide.lab.metrics import Evaluation, Study
from bonafide.lab.pictures import Pictures
from bonafide.lab.report import charts, numbers, tables
from bonafide.lab.report.words import between, said


class Origin(NamedTuple):
    """What a report rests on, so that others get the same one."""

    command: str
    """As it is typed."""
    bundles: tuple[str, ...]
    """Hashes of the bundles that decided."""
    decisions_sha256: str
    truth_sha256: str
    seed: int


def report_html(study: Study, origin: Origin, lang: Lang = "en") -> str:
    """The whole page. The same study, origin and language give the same text to the byte.

    Nothing is fetched and nothing is run: styles and drawings stand in the file, and every word that came in with the
    data is escaped.
    """
    e, p = study.evaluation, study.pictures
    style = files("bonafide.lab.report").joinpath("style.css").read_text(encoding="utf-8")
    sections = [
        _verdict(e, p, lang), _ranking(e, p, lang), _scores(e, p, lang), _money(e, p, lang), _typologies(e, lang),
        _hard_negatives(e, lang), _delay(p, lang), _calibration(e, p, lang), _notes(study, lang),
        _again(e, origin, lang),
    ]  # fmt: skip
    title = escape(said("title", lang))
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} · Bonafide</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


def _verdict(e: Evaluation, p: Pictures, lang: Lang) -> str:
    heading = f"<h1>{escape(said('title', lang))}</h1>"
    if p.first_day is None or p.last_day is None:
        return f'<header>{heading}\n<p class="lead">{escape(said("lead nothing", lang))}</p></header>'
    share = numbers.percent(e.positives / e.n, 2)
    lead = said(
        "lead", lang, n=f"{e.n:,}", payers=f"{e.entities:,}", bad=f"{e.positives:,}",
        share=f"（{share}）" if lang == "zh" else f" ({share})",
        from_day=numbers.date(p.first_day), to_day=numbers.date(p.last_day),
    )  # fmt: skip
    judged = said("latent", lang) if e.as_of is None else said("arrived", lang, as_of=e.as_of)
    space = "" if lang == "zh" else " "
    return (
        f'<header>{heading}\n<p class="lead">{escape(lead + space + judged)}</p></header>\n'
        f'<div class="tiles">{_caught(e, lang)}{_missed(e, lang)}{_disturbed(e, p, lang)}</div>\n'
        f"{_whole(e)}\n{_more(e, lang)}"
    )


def _caught(e: Evaluation, lang: Lang) -> str:
    sure = tables.interval_told(e.intervals.get("money_caught_fraction"), lang)
    told = said("caught told", lang, percent=numbers.percent(e.money_caught_fraction), interval=sure)
    return _tile("caught", said("caught", lang), numbers.money(e.money_caught, e.currency), told)


def _missed(e: Evaluation, lang: Lang) -> str:
    told = said("missed told", lang, whole=numbers.money(e.money_caught + e.money_missed, e.currency))
    return _tile("missed", said("missed", lang), numbers.money(e.money_missed, e.currency), told)


def _disturbed(e: Evaluation, p: Pictures, lang: Lang) -> str:
    per, ends = e.honest_disturbed_per_10000, e.intervals.get("honest_disturbed_per_10000")
    honest = e.n - e.positives
    told = said(
        "disturbed told", lang, disturbed=f"{p.alerted_honest:,}", honest=f"{honest:,}",
        stopped=f"{p.stopped_honest:,}", money=numbers.money(e.honest_money_disturbed, e.currency),
        interval="" if ends is None else between(f"{ends[0]:.1f}", f"{ends[1]:.1f}", lang),
    )  # fmt: skip
    big = numbers.DASH if per is None else said("disturbed big", lang, per=f"{per:.1f}")
    return _tile("disturbed", said("disturbed", lang), big, told)


def _tile(kind: str, name: str, big: str, told: str) -> str:
    return (
        f'<div class="tile {kind}"><div class="name">{escape(name)}</div><div class="big">{escape(big)}</div>'
        f'<div class="soft">{escape(told)}</div></div>'
    )


def _whole(e: Evaluation) -> str:
    """All cash-out money as one bar: caught, then missed."""
    if e.money_caught_fraction is None:
        return ""
    caught = f"{100 * e.money_caught_fraction:.2f}%"
    return (
        f'<div class="whole" aria-hidden="true"><i class="caught" style="width:{caught}"></i>'
        '<i class="missed" style="flex:1"></i></div>'
    )


def _more(e: Evaluation, lang: Lang) -> str:
    budget = f"{e.budget_per_day:,}"
    small = [
        (numbers.hours(e.hours_to_detection_p50), said("hours", lang)),
        (numbers.percent(e.line_saved_fraction), said("line saved", lang)),
        (numbers.percent(e.user_precision_at_budget), said("user found", lang, budget=budget)),
        (numbers.percent(e.merchant_precision_at_budget), said("merchant found", lang, budget=budget)),
    ]
    parts = (f'<div><b>{escape(big)}</b><span class="soft">{escape(told)}</span></div>' for big, told in small)
    return f'<div class="small">{"".join(parts)}</div>'


def _ranking(e: Evaluation, p: Pictures, lang: Lang) -> str:
    drawn = ""
    if p.roc is not None and p.precision_recall is not None:
        pictures = [
            ("roc", charts.roc(e, p, lang, log=False)),
            ("roc near", charts.roc(e, p, lang, log=True)),
            ("pr", charts.precision_recall(e, p, lang)),
        ]
        figures = (f"<figure><h3>{escape(said(name, lang))}</h3>{drawing}</figure>" for name, drawing in pictures)
        drawn = f'<p class="soft">{escape(said("ranking told", lang))}</p><div class="charts">{"".join(figures)}</div>'
    return _section("ranking", drawn + tables.figures(e, lang), lang)


def _scores(e: Evaluation, p: Pictures, lang: Lang) -> str:
    if not e.n:
        return ""
    legend = _legend([("missed", said("bad", lang)), ("honest", said("honest", lang))])
    told = f'<p class="soft">{escape(said("scores told", lang))}</p>'
    return _section("scores", f"{told}{legend}<figure>{charts.scores(p, lang)}</figure>", lang)


def _money(e: Evaluation, p: Pictures, lang: Lang) -> str:
    if e.money_caught_fraction is None:
        return ""
    legend = _legend([("caught", said("caught", lang)), ("missed", said("missed", lang))])
    drawing = f"{legend}<figure>{charts.money(e, p, lang)}</figure>"
    if p.days_per_bar == 1:
        return _section("money", drawing, lang)
    return _section("money of days", drawing, lang, days=p.days_per_bar)


def _typologies(e: Evaluation, lang: Lang) -> str:
    return _section("typologies", tables.typologies(e, lang), lang) if e.per_typology else ""


def _hard_negatives(e: Evaluation, lang: Lang) -> str:
    if not e.per_hard_negative:
        return ""
    told = f'<p class="soft">{escape(said("hard told", lang))}</p>'
    return _section("hard", told + tables.hard_negatives(e, lang), lang)


def _delay(p: Pictures, lang: Lang) -> str:
    if not p.hours_to_detection.size:
        return ""
    told = said("delay told", lang, caught=f"{p.hours_to_detection.size:,}", payers=f"{p.payers_bad:,}")
    return _beside("delay", told, charts.delay(p, lang), lang)


def _calibration(e: Evaluation, p: Pictures, lang: Lang) -> str:
    if not 0 < e.positives < e.n:
        return ""
    return _beside("calibration", said("calibration told", lang), charts.calibration(p, lang), lang)


def _beside(name: str, told: str, drawing: str, lang: Lang) -> str:
    """A drawing with its words beside it."""
    return _section(name, f'<div class="pair"><figure>{drawing}</figure><p class="soft">{escape(told)}</p></div>', lang)


def _notes(study: Study, lang: Lang) -> str:
    notes = "".join(f"<li>{escape(note.text(lang))}</li>" for note in study.notes)
    return _section("notes", f"<ul>{notes}</ul>" if notes else f"<p>{escape(said('no notes', lang))}</p>", lang)


def _again(e: Evaluation, origin: Origin, lang: Lang) -> str:
    draws = said(
        "draws", lang, resamples=f"{e.resamples:,}", payers=f"{e.entities:,}", seed=origin.seed,
        budget=f"{e.budget_per_day:,}",
    )  # fmt: skip
    rests_on = [
        (said("decisions", lang), f"SHA-256 {origin.decisions_sha256}"),
        (said("truth", lang), f"SHA-256 {origin.truth_sha256}"),
        *((said("bundle", lang), hash_) for hash_ in origin.bundles),
    ]
    told = "".join(f"<li>{escape(name)} <code>{escape(value)}</code></li>" for name, value in rests_on)
    return _section("again", f"<pre>{escape(origin.command)}</pre><ul><li>{escape(draws)}</li>{told}</ul>", lang)


def _section(name: str, body: str, lang: Lang, **parts: object) -> str:
    return f"<section>\n<h2>{escape(said(name, lang, **parts))}</h2>\n{body}\n</section>"


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    told = "".join(f'<span><i class="{kind}"></i>{escape(text)}</span>' for kind, text in entries)
    return f'<div class="legend">{told}</div>'
