"""The audit log: searched by deed, actor and thing, and verified."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from nicegui import ui

from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.parts import button, cell, field, link, table, text

PAGE: Final = 200
COLUMNS: Final = ("number", "time", "who", "what", "on", "from", "outcome", "details")


async def build(view: View) -> None:
    """The page."""
    texts, query = view.texts, view.query
    asked = {name: query.get(name, "").strip() for name in ("what", "who", "on")}
    after = query.get("after")
    told = await view.get("/v1/audit", **asked, limit=PAGE, **({"after": after} if after else {"newest": True}))
    with ui.element("div").classes("title"):
        text("h1", texts("place.audit"))
        button(texts("act.verify"), lambda: _verify(view))
    _search(view, asked)
    if not told["entries"]:
        empty(view, "audit.none")
        return
    entries = told["entries"] if after else sorted(told["entries"], key=lambda one: -one["number"])
    table({name: texts(f"audit.{name}") for name in COLUMNS}, [_row(view, one) for one in entries], right=("number",),
          each=50, label=texts("place.audit"))  # fmt: skip
    with ui.element("div").classes("pager"):
        kept = {name: value for name, value in asked.items() if value}
        if not after:
            link(texts("audit.from_start"), f"/audit?{urlencode(kept | {'after': -1})}", "button quiet")
        elif told["next_after"] is not None:
            link(texts("act.next"), f"/audit?{urlencode(kept | {'after': told['next_after']})}", "button quiet")


def _search(view: View, asked: dict[str, str]) -> None:
    with ui.element("div").classes("filters"):
        fields = {name: field(view.texts(f"audit.find_{name}"), value) for name, value in asked.items()}

        def go() -> None:
            told = {name: (one.value or "").strip() for name, one in fields.items()}
            ui.navigate.to(f"/audit?{urlencode({name: value for name, value in told.items() if value})}")

        for one in fields.values():
            one.on("keydown.enter", go)
        button(view.texts("act.search"), go, "main")


def _row(view: View, one: dict[str, Any]) -> dict[str, Any]:
    details = " · ".join(f"{name}: {value}" for name, value in one["details"].items())
    return {
        "number": cell(str(one["number"])),
        "time": cell(one["time"][:19].replace("T", " ")),
        "who": cell(one["who"]),
        "what": cell(one["what"]),
        "on": cell(one["on"]),
        "from": cell(one["from"], kind="muted"),
        "outcome": cell(view.texts.word("deed_outcome", one["outcome"]), kind=f"chip deed-{one['outcome']}"),
        "details": cell(details[:160], kind="muted wrap", title=details),
    }


async def _verify(view: View) -> None:
    """Have the service read the whole log, and say whether it is what was written."""
    told = await view.do("/v1/audit/verify")
    if told is None:
        return
    if told["whole"]:
        ui.notify(view.texts("audit.whole", n=told["size"]), type="positive", position="top")
    else:
        ui.notify(told["message"], type="negative", position="top", timeout=0, close_button=view.texts("act.close"))
