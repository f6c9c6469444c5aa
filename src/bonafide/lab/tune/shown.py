"""A tuning as people read it: as text, and as an HTML page with the front as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bonafide.lab.intervals import Interval
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Margins, Plot
from bonafide.lab.train.blocks import Block, Code, Drawing, Heading, Points, Words, as_html, table
from bonafide.lab.tune.study import Outcome, PartTold, Tuning

_LEAST: Final = 1e-4
_DECADES: Final = tuple((10.0**i, f"{100 * 10.0**i:g} %") for i in range(-4, 1))
_TENTHS: Final = tuple((i / 5, f"{20 * i} %") for i in range(6))
_STYLE: Final = "<style>.line.later{stroke:var(--missed)} circle.later{fill:var(--missed)}</style>"
_MEANS: Final = (
    "Saved: money of cash-out payments that were asked to verify or stopped. Disturbed: honest paying users who met "
    "that at least once. The first part was searched, so its figures flatter; the later part is what to expect."
)


def tuning_text(told: Tuning) -> str:
    """The result as plain text."""
    lines = [
        f"{told.evaluations:,} sets of weights tried, each at every line; at most "
        f"{numbers.percent(told.disturbed_max)} of honest users disturbed on the first part",
        "",
        f"{'':<18}{'line':>7}{'rules':>7}{'saved':>9}{'disturbed':>11}{'later: saved':>15}{'':>17}{'disturbed':>11}",
    ]
    for row in told.rows:
        lines.append(
            f"{row.name:<18}{row.line:>7.3f}{row.rules_changed:>7}{numbers.percent(row.tuned.saved):>9}"
            f"{numbers.percent(row.tuned.disturbed, 2):>11}{numbers.percent(row.later.saved):>15}"
            f"{_ends(row.later.saved_interval):>17}{numbers.percent(row.later.disturbed, 2):>11}"
        )
    lines += ["", "front, the best settings for a share of honest users disturbed:"]
    lines.append(f"{'disturbed':>11}{'saved':>9}{'later: disturbed':>18}{'saved':>9}")
    for point in told.front:
        lines.append(
            f"{numbers.percent(point.tuned.disturbed, 2):>11}{numbers.percent(point.tuned.saved):>9}"
            f"{numbers.percent(point.later.disturbed, 2):>18}{numbers.percent(point.later.saved):>9}"
        )
    lines += ["", _others(told), _MEANS]
    return "\n".join(line.rstrip() for line in lines)


def tuning_html(told: Tuning, command: str) -> str:
    """The result as one HTML file; `command` is how to get it again."""
    blocks = [*_blocks(told), Heading("How to get this again"), Code(command)]
    return as_html("Money saved against honest people disturbed", blocks)


def _blocks(told: Tuning) -> Iterator[Block]:
    yield Words(_MEANS)
    yield table(
        ("part", "from", "to", "payments", "cash-out", "honest users", "cash-out money"),
        (_part(name, part, told.currency) for name, part in (("first", told.tuned_part), ("later", told.later_part))),
    )
    yield Drawing(front_svg(told), (
        "Blue: the best settings found on the first part, as they did there. Orange: the same settings on the later "
        "part, which was not searched. Dashed: the weights as they were with lines chosen on the first part, on the "
        "later part. Dots: as it was, and what was chosen."
    ))  # fmt: skip
    yield table(
        ("setting", "line", "rules changed", "saved, first", "", "disturbed, first", "", "saved, later", "",
         "disturbed, later", ""),
        ([row.name, f"{row.line:.3f}", str(row.rules_changed), *_outcome(row.tuned), *_outcome(row.later)]
         for row in told.rows),
    )  # fmt: skip
    yield Heading("The front")
    yield table(
        ("at most, first", "line", "rules changed", "disturbed, first", "saved, first", "disturbed, later",
         "saved, later"),
        ([numbers.percent(p.disturbed_max, 2), f"{p.line:.3f}", str(p.rules_changed),
          numbers.percent(p.tuned.disturbed, 2), numbers.percent(p.tuned.saved), numbers.percent(p.later.disturbed, 2),
          numbers.percent(p.later.saved)] for p in told.front),
    )  # fmt: skip
    yield Heading("What was changed")
    yield table(("rule", "weight before", "after"), ([w.rule, f"{w.before:g}", f"{w.after:g}"] for w in told.weights))
    yield Points((
        _others(told),
        f"{told.evaluations:,} sets of weights were tried, each at every line, with seed {told.seed}; judged by "
        + ("the truth." if told.labels == "latent" else "the labels that had arrived by the end of each part."),
    ))  # fmt: skip


def front_svg(told: Tuning) -> str:
    """Both fronts as a drawing."""
    x = Axis(_LEAST, 1, _DECADES, "honest users disturbed, logarithmic", log=True)
    plot = Plot(720, 420, x, Axis(0, 1, _TENTHS, "cash-out money saved"), Margins(left=66))
    for name, kind in (("line_only", "chance"), ("tuned", "caught"), ("later", "later")):
        points = sorted((p.disturbed or 0.0, p.saved or 0.0) for p in (getattr(one, name) for one in told.front))
        plot.line([p[0] for p in points], [p[1] for p in points], kind)
    for row in (told.rows[0], told.rows[-1]):
        for where, outcome, kind in (("first", row.tuned, "caught"), ("later", row.later, "later")):
            tip = (
                f"{row.name}, {where} part: {numbers.percent(outcome.saved)} saved, "
                f"{numbers.percent(outcome.disturbed, 2)} disturbed"
            )
            plot.dot(outcome.disturbed or 0.0, outcome.saved or 0.0, kind, tip)
        named = row.name if row is told.rows[0] else "chosen"
        plot.word(row.later.disturbed or 0.0, row.later.saved or 0.0, named, shift=(8, 16))
    drawn = plot.svg("Money saved by the share of honest users disturbed, on the part searched and on the later part")
    head = drawn.index(">") + 1
    return f"{drawn[:head]}{_STYLE}{drawn[head:]}"


def _part(name: str, part: PartTold, currency: str | None) -> list[str]:
    return [
        name, part.from_time[:16], part.to_time[:16], f"{part.payments:,}", f"{part.cash_out:,}",
        f"{part.honest_users:,}", numbers.money(part.money, currency),
    ]  # fmt: skip


def _outcome(one: Outcome) -> list[str]:
    return [
        numbers.percent(one.saved), _ends(one.saved_interval), numbers.percent(one.disturbed, 2),
        _ends(one.disturbed_interval, 2),
    ]  # fmt: skip


def _ends(interval: Interval | None, digits: int = 1) -> str:
    if interval is None:
        return ""
    low, high = (numbers.percent(end, digits) for end in interval)
    return f"{low.removesuffix(' %')} - {high}"


def _others(told: Tuning) -> str:
    return (
        f"Alerts on refunds, payouts, transfers and applications, which rules and line decide on, too: "
        f"{told.other_alerts_before:,} before, {told.other_alerts_after:,} after."
    )
