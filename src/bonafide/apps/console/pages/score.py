"""How a score adds up, as a waterfall and as a table, and the points of the credit score beneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import panel, text
from bonafide.apps.console.waterfall import Step, waterfall

COSTS_SHOWN: Final = 4
CREDIT_MIN: Final = 300
_NOT_FOUND: Final = 404
_LEAST: Final = 0.005
"""A reason that adds less is shown as nothing."""


async def parts_of(view: View, event_id: str) -> dict[str, Any] | None:
    """What the API says of an event's scores; None where it has nothing."""
    try:
        found: dict[str, Any] = await view.get(f"/v1/decisions/{part(event_id)}/parts")
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        return None
    return found


def show_score(view: View, told: dict[str, Any] | None) -> None:
    """The panels."""
    texts = view.texts
    with panel(texts("score.title"), texts("score.hint"), "parts"):
        if told is None:
            text("p", texts("score.none"), "muted")
            return
        margin = told["margin"]
        steps = margin_steps(view, told)
        text("p", texts(f"score.by_{margin['scored_by']}"), "muted")
        name = texts("score.name", score=f"{told['score']:.3f}", parts=_spoken(view, steps))
        ui.html(waterfall(steps, name))
        _legend(view, ("bad", "good", "sum"))
        _reasons(view, margin)
        _table(view, steps, texts("score.table"))
    if told["credit"] is not None:
        _credit(view, told["credit"])


def margin_steps(view: View, told: dict[str, Any]) -> list[Step]:
    """The rows of a margin, with what it comes to; what is shown adds up."""
    texts, margin = view.texts, told["margin"]
    steps = []
    if margin["scored_by"] == "model":
        steps.append(_step(texts("score.base"), "", margin["base_shown"], "start"))
    else:
        steps.append(_step(texts("score.nothing"), "", 0.0, "start"))
    for rule in margin["rules"]:
        label = texts("score.rule", rule=rule["rule"], typology=texts.of(rule["typology"]))
        steps.append(_step(label, f"{rule['weight']:.2f}", rule["shown"]))
    for one in margin["inputs"]:
        steps.append(_step(texts.of(one["label"]), texts.of(one["told"]), one["shown"]))
    if margin["others"] is not None:
        steps.append(_step(texts("score.others", n=margin["others"]["inputs"]), "", margin["others"]["shown"]))
    score = texts("score.gives", score=f"{told['score']:.3f}")
    steps.append(_step(score, "", margin["margin_shown"], "sum"))
    return steps


def _step(label: str, value: str, part: float, kind: Any = "step") -> Step:
    return Step(label, value, part, f"{part:+.2f}".replace("-", "\N{MINUS SIGN}"), kind)


def _spoken(view: View, steps: list[Step]) -> str:
    joint = "；" if view.texts.language == "zh" else "; "
    return joint.join(f"{step.label} {step.shown}" for step in steps)


def _legend(view: View, kinds: Sequence[str]) -> None:
    with ui.element("div").classes("legend"):
        for kind in kinds:
            text("span", view.texts(f"score.{kind}"), f"key-{kind}")


def _reasons(view: View, margin: dict[str, Any]) -> None:
    told = [one for one in margin["by_reason"] if abs(one["part"]) >= _LEAST]
    if not told:
        return
    text("h3", view.texts("score.by_reason"))
    with ui.element("ul").classes("by-reason"):
        for one in told:
            with ui.element("li"):
                text("code", one["code"])
                text("span", view.texts.of(one["told"]))
                text("strong", f"{one['part']:+.2f}".replace("-", "\N{MINUS SIGN}"))


def _table(view: View, steps: list[Step], name: str) -> None:
    """The same as a table, whole labels included, under a fold."""
    texts = view.texts
    with ui.element("details").classes("as-table"):
        text("summary", name)
        with ui.element("table") as found:
            found.props["aria-label"] = name
            with ui.element("thead"), ui.element("tr"):
                for head in ("what", "value", "adds"):
                    text("th", texts(f"score.{head}")).props["scope"] = "col"
            with ui.element("tbody"):
                for step in steps:
                    with ui.element("tr").classes(step.kind):
                        text("th", step.label).props["scope"] = "row"
                        text("td", step.value)
                        text("td", step.shown)


def _credit(view: View, credit: dict[str, Any]) -> None:
    texts = view.texts
    whose, level = texts.word("subject", credit["of"]), texts.word("level", credit["level"])
    steps = [Step(texts(f"score.{credit['of']}_base"), "", credit["base"], f"{credit['base']}", "start")]
    for one in credit["families"]:
        shown = f"{one['points']:+d}".replace("-", "\N{MINUS SIGN}")
        steps.append(Step(texts.of(one["told"]), "", one["points"], shown))
    total = texts("score.credit_sum", level=level)
    steps.append(Step(total, "", credit["score"], f"{credit['score']}", "sum"))
    title = texts("score.credit", whose=whose)
    with panel(title, texts("score.credit_hint"), "parts"):
        name = f"{title}: {_spoken(view, steps)}"
        ui.html(waterfall(steps, name, CREDIT_MIN, up_is_bad=False))
        _legend(view, ("better", "worse", "sum"))
        _table(view, steps, texts("score.credit_table"))
        _costs(view, credit)


def _costs(view: View, credit: dict[str, Any]) -> None:
    """What would raise it most, were it at its best."""
    texts = view.texts
    found = [one for one in credit["inputs"] if one["lost"] >= 0.5][:COSTS_SHOWN]
    text("h3", texts("score.costs" if found else "score.no_costs"))
    with ui.element("ul").classes("by-reason"):
        for one in found:
            with ui.element("li"):
                text("strong", f"+{one['lost']:.0f}")
                text("span", texts.of(one["label"]))
                text("span", texts.of(one["aim"] or one["told"]), "muted")
