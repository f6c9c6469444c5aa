"""Money and links of a case: who paid whom, what came home, drawn where the server says."""

from __future__ import annotations

import asyncio
import math
from html import escape
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.graph import Graph, graph_of, places
from bonafide.apps.console.parts import cell, panel, table, text

LOOKED_MAX: Final = 60
"""Payouts and transfers of a case whose decisions are asked whether money came home by them, the gravest first."""
TOGETHER: Final = 8
MARGIN: Final = 40.0
ROWS_MAX: Final = 100
_GRAVITY: Final = ("allow", "warn", "verify", "hold", "decline")


async def show_money(view: View, case: dict[str, Any]) -> None:
    """The picture, and the same as a table for those who cannot see it."""
    texts = view.texts
    home = await _came_home(view, case["event_list"])
    graph = graph_of(case["event_list"], home)
    if not graph.nodes:
        empty(view, "money.none")
        return
    with panel(texts("money.title"), texts("money.hint")):
        ui.html(picture(view, graph, case["currency"])).classes("graph")
        with ui.element("div").classes("legend"):
            for kind in ("user", "merchant", "home", "held"):
                text("span", texts(f"money.{kind}"), f"key-{kind}")
        if graph.left_out:
            text("p", texts("money.left_out", n=graph.left_out), "muted")
    with panel(texts("money.pairs")):
        _pairs(view, graph, case["currency"])


async def _came_home(view: View, events: list[dict[str, Any]]) -> dict[int, int]:
    """Place of a payment in the log -> what came home of it, as the decisions on later events say."""
    moved = [one for one in events if one["type"] in ("payout", "transfer", "refund")]
    moved.sort(key=lambda one: (-_GRAVITY.index(one["outcome"]), -one["seq"]))
    turns = asyncio.Semaphore(TOGETHER)

    async def loops(one: dict[str, Any]) -> list[dict[str, Any]]:
        async with turns:
            try:
                told = await view.get(f"/v1/decisions/{part(one['event_id'])}")
            except ApiError:
                return []
            return list(told["loops"])

    found: dict[int, int] = {}
    for told in await asyncio.gather(*map(loops, moved[:LOOKED_MAX])):
        for loop in told:
            begun = loop["path"][0]["seq"]
            found[begun] = max(found.get(begun, 0), loop["home"])
    return found


def picture(view: View, graph: Graph, currency: str | None) -> str:
    """The graph as SVG. Everything that came from outside is escaped, and the browser's sanitizer looks at it again."""
    spots = places(graph)
    xs, ys = [x for x, _ in spots.values()], [y for _, y in spots.values()]
    left, top = min(xs) - MARGIN, min(ys) - MARGIN
    wide, high = max(xs) - left + MARGIN, max(ys) - top + MARGIN
    most = max((node.amount for node in graph.nodes), default=1) or 1
    lines, names = [], []
    for edge in graph.edges:
        (x1, y1), (x2, y2) = spots["user", edge.user], spots["merchant", edge.merchant]
        kind = "home" if edge.home else "held" if edge.outcome in ("hold", "decline") else ""
        width = 0.6 + 2.4 * math.sqrt(edge.amount / most)
        lines.append(f'<line class="edge {kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                     f'stroke-width="{width:.2f}"/>')  # fmt: skip
    for node in graph.nodes:
        x, y = spots[node.who]
        kind, token = node.who
        size = (7 if kind == "merchant" else 3.6) * (0.8 + 0.7 * math.sqrt(node.amount / most))
        said = f"{view.texts.word('subject', kind)} {token} · {show.money(node.amount, currency)}"
        shape = (
            f'<rect class="node merchant" x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size:.1f}" '
            f'height="{2 * size:.1f}" rx="2">' if kind == "merchant" else
            f'<circle class="node user" cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}">'
        )  # fmt: skip
        end = "</rect>" if kind == "merchant" else "</circle>"
        to = escape(f"/subjects/{kind}/{part(token)}")
        lines.append(f'<a href="{to}" aria-label="{escape(said)}">{shape}<title>{escape(said)}</title>{end}</a>')
        if kind == "merchant":
            names.append(f'<text x="{x:.1f}" y="{y - size - 5:.1f}">{escape(show.token(token))}</text>')
    name = escape(view.texts("money.title"))
    box = f"{left:.0f} {top:.0f} {wide:.0f} {high:.0f}"
    return f'<svg viewBox="{box}" role="group" aria-label="{name}">{"".join(lines + names)}</svg>'


def _pairs(view: View, graph: Graph, currency: str | None) -> None:
    texts = view.texts
    names = ("user", "merchant", "payments", "amount", "home", "outcome")
    rows = [
        {
            "user": cell(show.token(edge.user), to=f"/subjects/user/{part(edge.user)}", title=edge.user),
            "merchant": cell(show.token(edge.merchant), to=f"/subjects/merchant/{part(edge.merchant)}"),
            "payments": cell(show.count(edge.payments)),
            "amount": cell(show.money(edge.amount, currency)),
            "home": cell(show.money(edge.home or None, currency)),
            "outcome": cell(texts.word("outcome", edge.outcome), kind=f"chip outcome-{edge.outcome}"),
        }
        for edge in graph.edges[:ROWS_MAX]
    ]
    heads = {name: texts(f"pair.{name}") for name in names}
    table(heads, rows, right=("payments", "amount", "home"), label=texts("money.pairs"), each=10)
