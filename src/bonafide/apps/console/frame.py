"""What every page stands in: who looks, the bar and the places to go, refusals told, what only some may do."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from fastapi import Request
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, SignedOutError
from bonafide.apps.console.doors import COOKIE
from bonafide.apps.console.filters import Filter, filters_of
from bonafide.apps.console.held import Held, Holder
from bonafide.apps.console.keys import add_help
from bonafide.apps.console.parts import button, dialog_of, link, text, titled_dialog
from bonafide.apps.console.preferences import texts_of, theme_of
from bonafide.apps.console.rights import may
from bonafide.apps.console.texts import Texts
from bonafide.apps.console.tour import STEPS, is_on_tour, show_tour, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

RESPONSE_S: Final = 25.0
"""How long a page may take, which waits for the API."""
PLACES: Final = (
    ("overview", "/", None), ("queue", "/queue", "GET /v1/cases"), ("measures", "/measures", "GET /v1/measures"),
    ("appeals", "/appeals", "GET /v1/appeals"), ("merchants", "/merchants", "GET /v1/merchants"),
    ("bundles", "/bundles", "GET /v1/bundles"), ("lists", "/lists", "GET /v1/lists"),
    ("audit", "/audit", "GET /v1/audit"), ("settings", "/settings", "GET /v1/people"),
)  # fmt: skip
"""Name, path, and the route that somebody must be allowed to ask for it to be shown."""


class View:
    """One page for one person."""

    def __init__(self, api: Api, holder: Holder, held: Held, request: Request) -> None:
        self.held = held
        self.texts: Final[Texts] = texts_of(request)
        self.theme: Final = theme_of(request)
        self.path: Final = request.url.path
        self.query: Final = dict(request.query_params)
        self.tour: Final = standing(request)[0]
        """At which step of the tour; -1: at none."""
        self._cookies = request.cookies
        self._api = api
        self._holder = holder

    @property
    def name(self) -> str:
        """Who looks."""
        return self.held.session.name

    @property
    def here(self) -> str:
        """This page's address, for coming back to it."""
        told = "&".join(f"{quote(name)}={quote(value)}" for name, value in self.query.items())
        return f"{self.path}?{told}" if told else self.path

    def now_ms(self) -> int:
        """The time."""
        return self._holder.now_ms()

    def filters(self) -> list[Filter]:
        """Filters of the queue that this person keeps in the browser."""
        return filters_of(self._cookies, self.name)

    def may(self, route: str) -> bool:
        """Whether this person is offered what a route does."""
        return may(self.held.session.role, route)

    async def get(self, path: str, /, **query: Any) -> Any:
        """An answer of the API. Raises ApiError."""
        return await self._api.get(self.held.session, path, **query)

    async def figures(self) -> str:
        """The service's metrics, as Prometheus reads them; nobody's session is kept alive by it."""
        return await self._api.text(None, "/metrics")

    async def do(self, path: str, body: dict[str, Any] | None = None) -> Any | None:
        """Take a step; what is refused is told, and None comes back."""
        self._holder.touch(self.held)
        try:
            return await self._api.post(self.held.session, path, body)
        except SignedOutError:
            self._holder.drop(self.held)
            ui.navigate.to(f"/sign-in?to={quote(self.here)}")
        except ApiError as error:
            self.tell(error)
        return None

    def tell(self, error: ApiError) -> None:
        """Say what was refused, above the page."""
        close = self.texts("act.close")
        ui.notify(error.detail, type="negative", position="top", timeout=8_000, close_button=close)

    async def step(self, path: str, name: str, *, needed: bool = True, more: dict[str, Any] | None = None) -> None:
        """Ask for a note, take a step with it, and show the page anew. `name`: of its texts under act and hint."""
        title, hint = self.texts(f"act.{name}"), self.texts(f"hint.{name}")
        told = await dialog_of(self.texts, title, hint, title, needed=needed)
        self.touched()
        if told is not None and await self.do(path, {"note": told, **(more or {})}) is not None:
            self.again()

    def is_looking(self) -> bool:
        """Whether a page may go on to ask by itself."""
        return self.held.is_looking(self._holder.now_ms())

    def touched(self) -> None:
        """The person did something on this page."""
        self._holder.touch(self.held)

    def done(self, key: str) -> None:
        """Say that a step was taken."""
        ui.notify(self.texts(key), type="positive", position="top", timeout=2_500)

    def again(self) -> None:
        """Show the page anew."""
        ui.navigate.to(self.here)


Builder = Callable[[View], Awaitable[None]]


class Console:
    """What pages share: the API, and who is signed in."""

    def __init__(self, api: Api, holder: Holder) -> None:
        self._api = api
        self._holder = holder

    def page(self, path: str, place: str, build: Callable[..., Awaitable[None]]) -> None:
        """Add a page; `place` is where it stands among the places. `build` gets the view and the path's parts."""

        @ui.page(path, response_timeout=RESPONSE_S)
        async def shown(request: Request) -> Response | None:
            """The page for whoever is signed in; others are led to the door."""
            held = self._holder.find(request.cookies.get(COOKIE))
            if held is None or held.session.pending is not None:
                return RedirectResponse(f"/sign-in?to={quote(_address(request))}", 303)
            view = View(self._api, self._holder, held, request)
            _dress(view)
            refused = None
            with _framed(view, place):
                try:
                    await build(view, **request.path_params)
                except SignedOutError as error:
                    refused = error
                except ApiError as error:
                    tell_refusal(view, error)
            if refused is not None:
                self._holder.drop(held)
                return RedirectResponse(f"/sign-in?to={quote(_address(request))}", 303)
            return None


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _dress(view: View) -> None:
    """Language and theme of this page alone."""
    client = ui.context.client
    client.page = copy.copy(client.page)
    client.page.dark = {"light": False, "dark": True}.get(view.theme)
    client.page.language = "zh-CN" if view.texts.language == "zh" else "en-US"
    ui.add_head_html('<link rel="stylesheet" href="/console/console.css">')
    ui.add_head_html('<link rel="icon" href="/console/icon.svg">')


@contextmanager
def _framed(view: View, place: str) -> Iterator[None]:
    texts = view.texts
    ui.page_title(f"{texts(f'place.{place}')} - Bonafide")
    with ui.element("header").classes("bar"):
        link("Bonafide", "/", "mark")
        with ui.element("nav").classes("places").props(f'aria-label="{texts("frame.places")}"'):
            for name, path, route in PLACES:
                if route is None or view.may(route):
                    one = link(texts(f"place.{name}"), path, "place here" if name == place else "place")
                    if name == place:
                        one.props('aria-current="page"')
        with ui.element("div").classes("who"):
            other = "en" if texts.language == "zh" else "zh"
            link(texts("frame.other_language"), f"/choose?language={other}&to={quote(view.here)}", "choice")
            add_help(texts)
            theme = "light" if view.theme == "dark" else "dark"
            link(texts(f"frame.{theme}"), f"/choose?theme={theme}&to={quote(view.here)}", "choice")
            text("span", f"{view.name} · {texts.word('role', view.held.session.role)}", "name")
            with ui.element("form").props('method="post" action="/sign-out"'):
                text("button", texts("frame.sign_out"), "quiet").props('type="submit"')
    if view.tour >= 0:
        show_tour(texts, view.tour, view.here, view.path)
    toured = " touring" if view.tour >= 0 else ""
    toured += f" tour-{STEPS[view.tour]}" if view.tour >= 0 and is_on_tour(view.tour, view.path) else ""
    with ui.element("div").classes(f"page{toured}"):  # Quasar's page is the main landmark
        yield


def tell_refusal(view: View, error: ApiError) -> None:
    """Say what the API refused, where the page would have been."""
    key = {"not-found": "refused.not_found", "forbidden": "refused.forbidden"}.get(error.name, "refused.other")
    empty(view, key, error.detail)


def empty(view: View, key: str, more: str = "") -> None:
    """What to read and do where there is nothing to show."""
    with ui.element("div").classes("empty"):
        text("h2", view.texts(key))
        text("p", more or view.texts(f"{key}_hint"))


async def asked_note(view: View, title: str, hint: str, button: str, *, needed: bool = False) -> str | None:
    """A dialog for a note; None where it was left."""
    found = await dialog_of(view.texts, title, hint, button, needed=needed)
    view.touched()
    return found


def shown_once(view: View, title: str, hint: str, secret: str) -> None:
    """A secret that the API gave, which nothing shows again; the page is shown anew when it is closed."""
    with titled_dialog(title, shown=True) as dialog:
        dialog.props("persistent")
        text("p", hint, "muted")
        text("p", secret, "door-key")
        with ui.element("div").classes("dialog-buttons"):
            button(view.texts("act.have_it"), view.again, "main")
