"""A trace as a small picture: the money's way in lanes, and below it what is shared with whom."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.core.text import shorten
from bonafide.lab.explain.words import Lang
from bonafide.lab.trace.canvas import BOX_HEIGHT, MARGIN, SMALL, WIDTH, Canvas, Point, Rect
from bonafide.lab.trace.lanes import HOME, Arrow, Lanes, Node, lanes_of
from bonafide.lab.trace.money import Money
from bonafide.lab.trace.shared import Resource
from bonafide.lab.trace.ties import Name, Ties, ties_of
from bonafide.lab.trace.trace import Trace
from bonafide.lab.trace.words import (
    amount_told,
    counted,
    delay_told,
    name_of,
    people_told,
    share_told,
    thing,
    time_told,
    told,
)

_TITLE: Final = 28.0
_LANES: Final = 84.0
"""Where the boxes of the lanes begin."""
_PITCH: Final = 44.0
"""From one box of a lane to the next."""
_TIE_PITCH: Final = 38.0
_TIE_WIDTH: Final = 170.0
_AMOUNT_MAX: Final = 9
"""Characters of an amount beside an arrow; a longer one leaves its fraction out."""
_SPANS: Final = (("day", DAY_MS), ("hour", HOUR_MS), ("minute", MINUTE_MS))
_BOX_SHARE: Final = 0.46
"""Of the width of a lane that its boxes take; the rest is for arrows."""


def trace_svg(trace: Trace, lang: Lang) -> str:
    """The picture as an SVG file, about 900 by 500 units."""
    canvas = Canvas()
    subject = trace.subject
    title = told("picture", lang, kind=name_of(subject.kind, lang), id=shorten(subject.id))
    latest = trace.until_ms or trace.last_ms
    canvas.words(MARGIN, _TITLE, title, 15, head=True)
    if latest is not None:
        canvas.words(WIDTH - MARGIN, _TITLE, time_told(latest), SMALL, "end")
    below = _draw_lanes(canvas, trace, lang)
    height = _draw_ties(canvas, trace, lang, below + 34)
    return canvas.svg(height + MARGIN, title, _in_words(trace, lang))


def _in_words(trace: Trace, lang: Lang) -> str:
    """What the picture shows, for those who do not see it."""
    totals, currency = trace.money.totals, trace.money.currency
    if not totals.payments:
        sums = told("no lanes", lang)
    else:
        sums = told(
            "totals", lang, payments=counted("payment", totals.payments, lang), closed=totals.closed,
            home=amount_told(totals.home, currency, lang), amount=amount_told(totals.amount, currency, lang),
            share=share_told(totals.home, totals.amount, lang),
        )  # fmt: skip
    things = [thing(one.kind, one.id, lang) for one in ties_of(trace.shared, trace.subject.people).things]
    ties = told("ties", lang) + (": " if lang == "en" else "：") + ", ".join(things)
    return f"{sums}. {ties if things else told('no ties', lang)}"


# The money's way


def _draw_lanes(canvas: Canvas, trace: Trace, lang: Lang) -> float:
    """The lanes; returns where they end."""
    money = trace.money
    if not money.loops:
        canvas.words(MARGIN, _TITLE + 28, told("no lanes", lang), 12)
        return _TITLE + 28
    lanes = lanes_of(money.loops)
    canvas.words(MARGIN, _TITLE + 22, told("lanes", lang, currency=money.currency), 12)
    boxes, slots = _places(lanes)
    depth = max(map(len, lanes.rows))
    for number in range(len(lanes.rows)):
        name = ("payer", "merchant")[number] if number < 2 else "home" if number == len(lanes.rows) - 1 else "account"
        canvas.words(_middle(number, lanes), _LANES - 8, told(f"lane {name}", lang), SMALL, "middle")
    for node, rect in boxes.items():
        lines, tip = _node_text(node, lanes, money, lang)
        names: list[Name] = [node.end]
        if node.lane == HOME:
            names.append(("account", lanes.accounts.get(node.end.id, "")))
        canvas.box(rect, node.end.kind + _mark(trace, *names), lines, tip)
    for ends, arrow in lanes.arrows.items():
        _draw_arrow(canvas, ends, arrow, _points(ends, boxes, slots, lanes), money, lang)
    foot = _LANES + depth * _PITCH
    if lanes.left_out:
        canvas.words(MARGIN, foot + 6, told("more drawn", lang, n=f"{lanes.left_out:,}"), SMALL)
    return foot


def _middle(lane: int, lanes: Lanes) -> float:
    return MARGIN + (WIDTH - 2 * MARGIN) / len(lanes.rows) * (lane + 0.5)


def _places(lanes: Lanes) -> tuple[dict[Node, Rect], dict[tuple[int, tuple[Node, Node]], Rect]]:
    """Where boxes stand, and where lines pass a lane that they do not stop in."""
    boxes: dict[Node, Rect] = {}
    slots: dict[tuple[int, tuple[Node, Node]], Rect] = {}
    width = (WIDTH - 2 * MARGIN) / len(lanes.rows) * _BOX_SHARE
    depth = max(map(len, lanes.rows))
    for lane, row in enumerate(lanes.rows):
        top = _LANES + (depth - len(row)) * _PITCH / 2
        for place, one in enumerate(row):
            rect = Rect(_middle(lane, lanes) - width / 2, top + place * _PITCH, width, BOX_HEIGHT)
            if isinstance(one, Node):
                boxes[one] = rect
            else:
                slots[lane, one] = rect
    return boxes, slots


def _points(
    ends: tuple[Node, Node], boxes: dict[Node, Rect], slots: dict[tuple[int, tuple[Node, Node]], Rect], lanes: Lanes
) -> list[Point]:
    """The way of an arrow: from a box's right side to another's left side, level where it passes lanes."""
    source, target = boxes[ends[0]], boxes[ends[1]]
    points = [(source.x + source.width, source.middle)]
    for lane in range(lanes.lane_of(ends[0]) + 1, lanes.lane_of(ends[1])):
        slot = slots[lane, ends]
        points += [(slot.x, slot.middle), (slot.x + slot.width, slot.middle)]
    return [*points, (target.x, target.middle)]


def _node_text(node: Node, lanes: Lanes, money: Money, lang: Lang) -> tuple[tuple[str, ...], str]:
    """What stands in a box, and what its tip tells."""
    kind, name = node.end
    below: Name | None = None
    if kind == "account":
        below = money.owners.latest(name)
    elif node.lane == HOME and name in lanes.accounts:
        below = ("account", lanes.accounts[name])
    tip = thing(kind, name, lang) + ("" if below is None else f", {thing(*below, lang)}")
    return (name, "" if below is None else below[1]), tip


def _draw_arrow(
    canvas: Canvas, ends: tuple[Node, Node], arrow: Arrow, points: list[Point], money: Money, lang: Lang
) -> None:
    """A line with how much and when; a dashed one where the account was the merchant's all along."""
    if not arrow.moves:
        canvas.line(points, "known")
        return
    amount = amount_told(arrow.amount, money.currency, lang)
    bare = amount.removesuffix(f" {money.currency}").removesuffix("元")
    bare = bare if len(bare) <= _AMOUNT_MAX else bare.split(".")[0]
    several = f"{told('count', lang, n=len(arrow.moves))} " if len(arrow.moves) > 1 else ""
    first, last = (time_told(moment) for moment in (arrow.times[0], arrow.times[-1]))
    day = f"{first[5:10]}.." if first[:10] != last[:10] else first[5:10]
    when = span_short(arrow.delay_ms, lang) if ends[0].lane else day
    span = first if len(arrow.moves) == 1 else f"{first} - {last}"
    canvas.line(points, "", f"{several}{amount}, {span}, +{delay_told(arrow.delay_ms, lang)}", arrow=True)
    for lines in ((bare, several + when), (bare, when), (bare,)):
        if canvas.label(points, lines):
            return


def span_short(span_ms: int, lang: Lang) -> str:
    """A span in its largest unit.

    >>> span_short(5_400_000, "en"), span_short(180_000_000, "zh")
    ('+1.5 h', '+2.1天')
    """
    name, size = next((unit for unit in _SPANS if span_ms >= unit[1]), _SPANS[-1])
    number = f"{span_ms / size:.1f}".removesuffix(".0")
    return f"+{number}" + (told(name, lang) if lang == "zh" else f" {told(name, lang)}")


def _mark(trace: Trace, *names: Name) -> str:
    """The class that sets the subject's own boxes off."""
    return " subject" if (trace.subject.kind, trace.subject.id) in names else ""


# What is shared


def _draw_ties(canvas: Canvas, trace: Trace, lang: Lang, top: float) -> float:
    """The ties; returns where they end."""
    ties = ties_of(trace.shared, trace.subject.people)
    canvas.words(MARGIN, top, told("ties" if ties.things else "no ties", lang), 12)
    if not ties.things:
        return top
    depth = max(len(ties.people), len(ties.things), len(ties.others))
    columns: tuple[tuple[Name, ...], ...] = (
        ties.people, tuple((one.kind, one.id) for one in ties.things), ties.others
    )  # fmt: skip
    places: dict[tuple[int, Name], Rect] = {}
    for column, names in enumerate(columns):
        x = MARGIN + column * (WIDTH - 2 * MARGIN - _TIE_WIDTH) / 2
        first = top + 12 + (depth - len(names)) * _TIE_PITCH / 2
        for place, name in enumerate(names):
            places[column, name] = Rect(x, first + place * _TIE_PITCH, _TIE_WIDTH, BOX_HEIGHT)
    for (column, name), rect in places.items():
        resource = ties.things[columns[1].index(name)] if column == 1 else None
        _draw_tie(canvas, rect, name, resource, trace, lang)
    _draw_uses(canvas, ties, places)
    foot = top + 12 + depth * _TIE_PITCH
    return foot + _draw_rest(canvas, ties, foot, lang)


def _draw_tie(canvas: Canvas, rect: Rect, name: Name, resource: Resource | None, trace: Trace, lang: Lang) -> None:
    shown = thing(*name, lang)
    if resource is not None:
        count = people_told(resource.users, resource.merchants, lang)
        kind = "public" if resource.is_public else "account" if resource.kind == "account" else "thing"
        canvas.box(rect, kind + _mark(trace, name), (shown, count), f"{shown}: {count}")
        return
    pays = [
        one for one in trace.shared.self_purchases if name in (("user", one.user_id), ("merchant", one.merchant_id))
    ]
    number = sum(one.payments for one in pays)
    below = told(f"{name[0]} pays", lang, payments=counted("payment", number, lang)) if number else ""
    canvas.box(rect, name[0] + _mark(trace, name), (shown, below), f"{shown} {below}".rstrip())


def _draw_uses(canvas: Canvas, ties: Ties, places: dict[tuple[int, Name], Rect]) -> None:
    """Lines between somebody and what they use; red where payer and merchant use it both."""
    for who, used in ties.uses:
        kind = "alarm" if (who, used) in ties.paying else ""
        middle = places[1, used]
        if (0, who) in places:
            left = places[0, who]
            canvas.line([(left.x + left.width, left.middle), (middle.x, middle.middle)], kind)
        else:
            right = places[2, who]
            canvas.line([(middle.x + middle.width, middle.middle), (right.x, right.middle)], kind)


def _draw_rest(canvas: Canvas, ties: Ties, foot: float, lang: Lang) -> float:
    """How many things and people there is no room for; returns the room that this takes."""
    step = (WIDTH - 2 * MARGIN - _TIE_WIDTH) / 2
    left = [(column, n) for column, n in ((1, ties.things_left_out), (2, ties.others_left_out)) if n]
    for column, number in left:
        middle = MARGIN + column * step + _TIE_WIDTH / 2
        canvas.words(middle, foot + 8, told("more", lang, n=f"{number:,}"), SMALL, "middle")
    return 12.0 if left else 0.0
