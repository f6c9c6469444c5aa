"""The queue: cases by what is most urgent, a page at a time, with a keyboard for those who work through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

from nicegui import events, ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, SignedOutError
from bonafide.apps.console.filters import KEPT, NAME_LENGTH_MAX, Filter, address, plain
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.parts import cell, cells, choice, field, link, table, text
from bonafide.apps.console.words import STATES, TYPOLOGIES

PAGE: Final = 50
SORTS: Final = ("priority", "due", "newest", "money", "number")
SAVED: Final[dict[str, dict[str, str]]] = {
    "open": {}, "mine": {"assignee": "@"}, "free": {"state": "open"}, "overdue": {"overdue": "1"},
    "second": {"state": "waiting"}, "looks": {"drawn": "1"}, "decided": {"state": "decided", "sort": "newest"},
}  # fmt: skip
"""Filters that are asked for again and again; `@` is who looks."""
TYPOLOGIES_SHOWN: Final = 2
IGNORED: Final = ("input", "select", "button", "textarea", "a")
"""What Enter is meant for itself where it has the focus."""


async def build(view: View) -> None:
    """The page. What is chosen above the list shows it anew in place, and the address follows."""
    text("h1", view.texts("place.queue"))
    whole = ui.element("div").classes("stack")

    async def go(**changed: str) -> None:
        to = address(view.query, **changed)
        view.touched()
        view.query.clear()
        view.query.update(plain(urlsplit(to).query))
        try:
            told = await _asked(view)
        except SignedOutError:
            ui.navigate.to(to)  # which leads to the door and back
            return
        except ApiError as error:
            view.tell(error)
            return
        ui.navigate.history.replace(to)
        _fill(view, whole, told, go)

    _fill(view, whole, await _asked(view), go)


async def _asked(view: View) -> dict[str, Any]:
    """The page of the list that the address asks for."""
    query, mine = view.query, view.query.get("assignee", "")
    found: dict[str, Any] = await view.get(
        "/v1/cases", state=query.get("state"), queue=query.get("queue"), typology=query.get("typology"),
        assignee=view.name if mine == "@" else mine, subject=query.get("subject"), overdue=bool(query.get("overdue")),
        drawn=bool(query.get("drawn")), sort=query.get("sort") or "priority", after=query.get("after"), limit=PAGE,
    )  # fmt: skip
    return found


def _fill(view: View, whole: ui.element, told: dict[str, Any], go: Callable[..., Awaitable[None]]) -> None:
    """Draw all below the heading."""
    whole.clear()
    with whole:
        _saved(view)
        _filters(view, go)
        if told["cases"]:
            _list(view, told)
        else:
            empty(view, _none(view.query))


def _list(view: View, told: dict[str, Any]) -> None:
    rows = [row_of(view, case) for case in told["cases"]]
    heads = {name: view.texts(f"queue.{name}") for name in COLUMNS}
    right = ("priority", "money", "caught", "size")
    shown = table(heads, rows, right=right, each=PAGE, label=view.texts("place.queue"))
    _Keys(view, shown, [case["number"] for case in told["cases"]])
    with ui.element("div").classes("pager"):
        text("span", view.texts("queue.keys"), "muted")
        _exports(view)
        if view.query.get("after"):
            link(view.texts("act.first"), address(view.query), "button quiet")
        if told["next_after"]:
            here = address(view.query)
            link(view.texts("act.next"), here + _more(here, told["next_after"]), "button quiet")


def _none(query: dict[str, str]) -> str:
    """What to say where no case fits, by what was asked for."""
    asked = {name for name in KEPT if query.get(name) and name != "sort"}
    if asked == {"assignee"} and query["assignee"] == "@":
        return "queue.none_mine"
    return {frozenset({"overdue"}): "queue.none_overdue", frozenset({"drawn"}): "queue.none_drawn"}.get(
        frozenset(asked), "queue.none"
    )


COLUMNS: Final = ("number", "priority", "state", "money", "caught", "typologies", "size", "due", "assignee")


def row_of(view: View, case: dict[str, Any]) -> dict[str, Any]:
    """A case as a row of the table."""
    texts = view.texts
    names = [texts.word("typology", name) for name in case["typologies"]]
    more = [f"+{len(names) - TYPOLOGIES_SHOWN}"] if len(names) > TYPOLOGIES_SHOWN else []
    due = show.far(texts, case["due"], view.now_ms()) if case["decided"] is None else show.moment(case["decided"])
    return {
        "number": cell(f"#{case['number']}", to=f"/cases/{case['number']}"),
        "priority": cell(show.count(case["priority"])),
        "state": cells([texts.word("state", case["state"])], f"chip state-{case['state']}")
        + (cells([texts.word("label", case["label"])], f"chip label-{case['label']}") if case["label"] else []),
        "money": cell(show.money(case["money_at_stake"], case["currency"])),
        "caught": cell(show.money(case["money_caught"], case["currency"]), kind="muted"),
        "typologies": cells(names[:TYPOLOGIES_SHOWN] + more, "tag"),
        "size": cell(texts("queue.size_of", events=case["events"], users=case["users"], merchants=case["merchants"])),
        "due": cell(due, kind="late" if case["overdue"] else "", title=show.moment(case["due"])),
        "assignee": cell(case["assignee"] or show.NOTHING),
    }  # fmt: skip


def _more(before: str, after: str) -> str:
    return f"{'&' if '?' in before else '?'}{urlencode({'after': after})}"


def _exports(view: View) -> None:
    """The list as files; the first thousand in its order."""
    for form in ("csv", "xlsx"):
        to = address(view.query).replace("/queue", f"/queue.{form}", 1)
        one = link(form.upper(), to, "button quiet")
        one.props["download"], one.props["title"] = "", view.texts("queue.export", form=form.upper())


def _saved(view: View) -> None:
    """Filters that are asked for again and again: the usual ones, and those of whoever looks."""
    texts, here = view.texts, {name: view.query.get(name, "") for name in KEPT if view.query.get(name)}
    mine = view.filters()
    usual = [Filter(texts(f"saved.{name}"), wanted) for name, wanted in SAVED.items()]
    with ui.element("nav").classes("saved") as nav:
        nav.props["aria-label"] = texts("queue.saved")
        for one in (*usual, *mine):
            kind = f"pill{' here' if here == one.query else ''}{' own' if one in mine else ''}"
            found = link(one.name, address(one.query), kind)
            if here == one.query:
                found.props["aria-current"] = "page"
    same = next((one for one in mine if one.query == here), None)
    if same is not None:
        _remove(view, same)
    elif here not in SAVED.values():
        _keep(view)


def _keep(view: View) -> None:
    """A form that keeps the filter that is looked at."""
    with _form("/queue/filters"):
        _hidden("at", address(view.query))
        name = ui.element("input").props(f'name="name" required maxlength="{NAME_LENGTH_MAX}" autocomplete="off"')
        name.props["aria-label"] = name.props["placeholder"] = view.texts("queue.filter_name")
        text("button", view.texts("queue.keep_filter"), "button soft").props('type="submit"')


def _remove(view: View, one: Filter) -> None:
    with _form("/queue/filters/remove"):
        _hidden("name", one.name)
        text("button", view.texts("queue.remove_filter", name=one.name), "button soft").props('type="submit"')


def _form(action: str) -> ui.element:
    return ui.element("form").classes("keep").props(f'method="post" action="{action}"')


def _hidden(name: str, value: str) -> None:
    found = ui.element("input").props(f'type="hidden" name="{name}"')
    found.props["value"] = value


def _filters(view: View, go: Callable[..., Awaitable[None]]) -> None:
    texts, query = view.texts, view.query
    any_of = {"": texts("queue.any")}

    def chooses(name: str, label: str, options: dict[str, str], value: str) -> None:
        async def changed(e: events.ValueChangeEventArguments[Any]) -> None:
            await go(**{name: e.value or ""})

        choice(label, options, value if value in options else "").on_value_change(changed)

    with ui.element("div").classes("filters"):
        states = any_of | {name: texts(f"state.{name}") for name in STATES}
        chooses("state", texts("queue.state"), states, query.get("state", ""))
        kinds = any_of | {name: texts(f"typology.{name}") for name in TYPOLOGIES}
        chooses("typology", texts("queue.typologies"), kinds, query.get("typology", ""))
        sorts = {name: texts(f"sort.{name}") for name in SORTS}
        chooses("sort", texts("queue.sort"), sorts, query.get("sort") or SORTS[0])
        subject = field(texts("queue.subject"), query.get("subject", ""), "subject-filter")

        async def of_subject() -> None:
            await go(subject=(subject.value or "").strip())

        subject.on("keydown.enter", of_subject)


class _Keys:
    """j and k move, Enter opens, c takes a case, d decides it."""

    def __init__(self, view: View, shown: ui.table, numbers: list[int]) -> None:
        self._view = view
        self._shown = shown
        self._numbers = numbers
        self._at = 0
        self._mark()
        ui.keyboard(on_key=self._press)
        ui.keyboard(on_key=self._open, ignore=cast("Any", list(IGNORED)))

    def _open(self, e: events.KeyEventArguments) -> None:
        """Enter opens the chosen case, unless it follows a link that has the focus."""
        if e.action.keydown and str(e.key) == "Enter" and not (e.modifiers.ctrl or e.modifiers.alt or e.modifiers.meta):
            ui.navigate.to(f"/cases/{self._numbers[self._at]}")

    async def _press(self, e: events.KeyEventArguments) -> None:
        if not e.action.keydown or e.modifiers.ctrl or e.modifiers.alt or e.modifiers.meta:
            return
        self._view.touched()
        number = self._numbers[self._at]
        match str(e.key):
            case "j" | "ArrowDown":
                self._move(1)
            case "k" | "ArrowUp":
                self._move(-1)
            case "c" if self._view.may("POST /v1/cases/{number}/assign"):
                if await self._view.do(f"/v1/cases/{number}/assign"):
                    ui.navigate.to(f"/cases/{number}")
            case "d" if self._view.may("POST /v1/cases/{number}/decide"):
                ui.navigate.to(f"/cases/{number}?do=decide")

    def _move(self, by: int) -> None:
        self._at = min(max(self._at + by, 0), len(self._numbers) - 1)
        self._mark()

    def _mark(self) -> None:
        for at, row in enumerate(self._shown.rows):
            row["_class"] = "chosen" if at == self._at else ""
        self._shown.update()
