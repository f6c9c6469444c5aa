"""A back-test: how far it has come, and what another bundle would have done in place of the one that decides."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View
from bonafide.apps.console.pages.bundles_figures import figures_of
from bonafide.apps.console.pages.bundles_parts import HASH_SHOWN
from bonafide.apps.console.parts import button, chip, link, panel, text

EVERY_S: Final = 1.0
_STATES: Final = {"queued": "state-open", "running": "state-assigned", "done": "label-genuine",
                  "failed": "label-cash_out"}  # fmt: skip


async def build(view: View, id: str) -> None:
    """The page."""
    texts, path = view.texts, f"/v1/backtests/{part(id)}"
    told = await view.get(path)
    alone = told["champion"] == told["challenger"]
    name = told["name"] or told["challenger"][:HASH_SHOWN]
    both = told["figures"] is not None and len(told["figures"]["bundles"]) > 1
    key = "backtest.title_trial" if alone and both else "backtest.title_alone" if alone else "backtest.title"
    text("h1", texts(key, name=name))
    with ui.element("div").classes("title"):
        chip(texts.word("backtest_state", told["state"]), _STATES[told["state"]])
        hashes = dict.fromkeys(told[name][:HASH_SHOWN] for name in ("champion", "challenger"))
        text("span", " → ".join(hashes), "mono")
        text("span", texts("bundles.by", name=told["person"], time=show.moment(told["asked"])), "muted")
    _ways(view, told, id)
    if told["state"] in ("queued", "running"):
        _wait(view, path, told)
    elif told["state"] == "failed":
        with panel(texts("backtest.failed")):
            text("p", told["why_not"] or show.NOTHING)
    else:
        figures_of(view, told["figures"])


def _ways(view: View, told: dict[str, Any], id: str) -> None:
    texts = view.texts
    with ui.element("div").classes("actions"):
        if view.may("POST /v1/bundles"):
            base = view.query.get("from", told["champion"])
            link(texts("backtest.go_on"), f"/bundles/edit?from={part(base)}", "button main")
        if told["state"] == "done":
            report = link(texts("backtest.report"), f"/bundles/backtests/{part(id)}/report", "button")
            report.props('target="_blank" rel="noopener"')
            link(texts("backtest.save"), f"/bundles/backtests/{part(id)}/report?save=true", "button")
        link(texts("bundles.back"), "/bundles", "button quiet")


def _wait(view: View, path: str, told: dict[str, Any]) -> None:
    """What it is doing, asked again every second until it has ended."""
    texts = view.texts

    async def end() -> None:
        """End it early."""
        if await view.do(f"{path}/end") is not None:
            view.again()

    with panel(texts("backtest.progress")):
        said = text("p", _stage(view, told), "step").props('role="status"')
        bar = ui.element("progress").classes("progress").props("max=1000")
        bar.props["aria-label"] = texts("backtest.progress")
        text("p", texts("backtest.leave"), "muted")
        if view.may("POST /v1/backtests/{id}/end"):
            with ui.element("div").classes("actions"):
                button(texts("backtest.end"), end, "danger")
    _fill(bar, told)

    async def ask() -> None:
        """Look again."""
        if not view.is_looking():
            return
        try:
            now = await view.get(path)
        except ApiError as error:
            said.set_text(error.detail)
            return
        if now["state"] in ("done", "failed"):
            view.again()
            return
        said.set_text(_stage(view, now))
        _fill(bar, now)

    ui.timer(EVERY_S, ask)


def _stage(view: View, told: dict[str, Any]) -> str:
    progress = told["progress"]
    if progress is None:
        return view.texts("backtest.queued")
    stage = view.texts.word("backtest_stage", progress["stage"])
    if not progress["total"]:
        return stage
    return view.texts("backtest.so_far", stage=stage, done=f"{progress['done']:,}", total=f"{progress['total']:,}")


def _fill(bar: Any, told: dict[str, Any]) -> None:
    progress = told["progress"]
    if progress is None or not progress["total"]:
        bar.props.pop("value", None)
    else:
        bar.props["value"] = str(round(1_000 * progress["done"] / progress["total"]))
    bar.update()
