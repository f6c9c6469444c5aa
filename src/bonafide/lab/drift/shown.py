"""A drift comparison as people read it: as text, as a drawing, as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

from bonafide.core.drift import BINS, MOVING_FROM, SHARE_MIN, SHIFTED_FROM
from bonafide.lab.drift.compare import Band, Drift, Moved, RulePair
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Margins, Plot, even_ticks
from bonafide.lab.train.blocks import Block, Code, Drawing, Heading, Words, as_html, table

SHOWN: Final = 15
"""Numbers and rules that the text and the drawing name."""
_LINE: Final = 22.0
"""Height of a bar of the drawing."""
HOW: Final = (
    f"Population stability index over {BINS} bins by the quantiles of the period before, and one for missing values; "
    f"an empty bin counts as {SHARE_MIN:g}. Below {MOVING_FROM:g} stable, below {SHIFTED_FROM:g} moving, else shifted."
)
LABELS_TOLD: Final = (
    "Only payments with a label that had arrived by the end of their own period. Trouble is looked at first, so these "
    "shares are far above those of all payments: compare the periods with each other."
)


def counts_told(drift: Drift) -> str:
    """How many numbers there are of each kind.

    They are told with the worst first.
    """
    words = [one.verdict for one in drift.all_moved]
    told = ", ".join(f"{words.count(word)} {word}" for word in ("shifted", "moving", "stable") if word in words)
    return f"{drift.verdict}: {told}; the worst is {drift.worst}"


def drift_text(drift: Drift) -> str:
    """The comparison as lines of plain text."""
    lines = [counts_told(drift), "", *_spans(drift), ""]
    lines += _lines(
        ("number", "index", "by chance", "KS", "median before", "after", "missing", "after"),
        map(_moved, drift.all_moved[:SHOWN]),
    )
    left = len(drift.all_moved) - SHOWN
    lines += [f"... and {left} that moved less"] if left > 0 else []
    if not drift.features:
        lines.append("no features to compare: replay with --features")
    if drift.calibration:
        lines += ["", "cash-out among labels that had arrived, by score:"]
        lines += _lines(("score", "before", "", "after", ""), _calibration(drift))
    lines += ["", "hits a day, what moved most:"]
    lines += _lines(("rule", "before", "after", "ratio"), map(_rule, drift.rules[:SHOWN]))
    return "\n".join([*lines, "", HOW])


def drift_svg(drift: Drift) -> str:
    """The worst numbers as bars, in an SVG file of its own."""
    style = files("bonafide.lab.report").joinpath("style.css").read_text(encoding="utf-8")
    picture = _bars(drift)
    head = picture.index(">") + 1
    opened = picture[:head].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{opened}<style>\n{style}</style>{picture[head:]}\n"


def drift_html(drift: Drift, command: str) -> str:
    """The comparison as one HTML file; `command` is how to get it again."""
    return as_html("What moved between two periods", [*_blocks(drift), Heading("How to get this again"), Code(command)])


def _blocks(drift: Drift) -> Iterator[Block]:
    yield Words(f"{counts_told(drift)}.")
    yield table(("period", "from", "to", "payments", "alerts", "alerts a day", "labelled"), _span_rows(drift))
    yield Drawing(_bars(drift), f"The {min(SHOWN, len(drift.all_moved))} numbers that moved most. {HOW}")
    yield Heading("Every number")
    head = ("number", "index", "by chance", "KS", "median before", "after", "missing before", "after")
    yield table(head, map(_moved, drift.all_moved))
    if drift.only_in_one:
        yield Words("In one of the periods only: " + ", ".join(f"`{name}`" for name in drift.only_in_one) + ".")
    if drift.calibration:
        yield Heading("What a score meant")
        yield Words(LABELS_TOLD)
        yield table(("score", "cash-out before", "", "cash-out after", ""), _calibration(drift))
    yield Heading("Hits a day")
    yield table(("rule", "before", "after", "ratio"), map(_rule, drift.rules))


def _bars(drift: Drift) -> str:
    shown = [one for one in drift.all_moved if one.index is not None][:SHOWN]
    marks = even_ticks(max(SHIFTED_FROM * 1.2, *(one.index or 0.0 for one in shown)))
    names = tuple((len(shown) - i - 0.5, one.name) for i, one in enumerate(shown))
    x = Axis(0, marks[-1], tuple((mark, numbers.tick(mark)) for mark in marks), "population stability index")
    plot = Plot(900, 60 + _LINE * len(shown), x, Axis(0, len(shown), names), Margins(left=270))
    for limit in (MOVING_FROM, SHIFTED_FROM):
        plot.line((limit, limit), (0, len(shown)), "chance")
    kinds = {"stable": "honest", "moving": "disturbed", "shifted": "missed"}
    for i, one in enumerate(shown):
        low = len(shown) - i - 0.85
        plot_to = one.index or 0.0
        kind = kinds[one.verdict or "stable"]
        plot.bar((0, plot_to), (low, low + 0.7), kind, f"{one.name}: {plot_to:.3f}, {one.verdict}")
    return plot.svg(f"Stability indices: {counts_told(drift)}")


def _spans(drift: Drift) -> list[str]:
    return _lines(("period", "from", "to", "payments", "alerts", "a day", "labelled"), _span_rows(drift))


def _span_rows(drift: Drift) -> list[list[str]]:
    return [
        [
            name, span.from_time[:16], span.to_time[:16], f"{span.payments:,}", f"{span.alerts:,}",
            f"{span.alerts_per_day:.1f}", numbers.DASH if span.labelled is None else f"{span.labelled:,}",
        ]
        for name, span in (("before", drift.before), ("after", drift.after))
    ]  # fmt: skip


def _moved(one: Moved) -> list[str]:
    index = numbers.DASH if one.index is None else f"{one.index:.3f} {one.verdict}"
    return [
        one.name, index, _number(one.by_chance, 4), _number(one.ks, 3), _short(one.median_before),
        _short(one.median_after), numbers.percent(one.missing_before), numbers.percent(one.missing_after),
    ]  # fmt: skip


def _number(value: float | None, digits: int) -> str:
    return numbers.DASH if value is None else f"{value:.{digits}f}"


def _short(value: float | None) -> str:
    return numbers.DASH if value is None else f"{value:.6g}"


def _calibration(drift: Drift) -> Iterator[list[str]]:
    for pair in drift.calibration:
        score = f"{pair.from_score:g} - {pair.to_score:g}"
        yield [score, *_band(pair.before), *_band(pair.after)]


def _band(band: Band) -> tuple[str, str]:
    if band.interval is None:
        return numbers.DASH, ""
    low, high = (numbers.percent(end, 0) for end in band.interval)
    return f"{band.cash_out:,} of {band.labelled:,}", f"{low.removesuffix(' %')} - {high}"


def _rule(pair: RulePair) -> list[str]:
    ratio = "new" if pair.ratio is None else f"{pair.ratio:.2f}"
    return [pair.rule, f"{pair.before_per_day:.2f}", f"{pair.after_per_day:.2f}", ratio]


def _lines(head: Sequence[str], rows: Iterator[list[str]] | Sequence[list[str]] | map[list[str]]) -> list[str]:
    """Rows as aligned columns, the first to the left."""
    cells = [list(head), *rows]
    wide = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return [
        "  ".join(
            cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, wide, strict=True))
        ).rstrip()
        for row in cells
    ]
