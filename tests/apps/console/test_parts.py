"""What the console is made of, part by part."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from itertools import count

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.console.api import Api, ApiError, Session, SignedOutError
from bonafide.apps.console.graph import NODES_MAX, graph_of, places
from bonafide.apps.console.guard import is_ours
from bonafide.apps.console.held import HELD_MAX, IDLE_MS, LASTING_MS, LOOKING_MS, Holder
from bonafide.apps.console.rights import RIGHTS
from bonafide.core.secret import Secret
from bonafide.office.people.matrix import ROUTES
from bonafide.testing.imports import imported, is_inside
from tests.house.tree import SRC

SESSION = Session("ann", "analyst", None, Secret("bonafide=1"), Secret("c"))
MAY_IMPORT = ("bonafide.core", "bonafide.apps.console", "bonafide.apps.server.logs")


@cache
def console_modules() -> list[tuple[str, ast.Module]]:
    """Its modules by name; a package bears the name of its folder and a last part that no module has."""
    folder = SRC / "bonafide" / "apps" / "console"
    names = [(path, ".".join(path.relative_to(SRC).with_suffix("").parts)) for path in sorted(folder.rglob("*.py"))]
    return [(name, ast.parse(path.read_text(encoding="utf-8"))) for path, name in names]


def test_the_console_imports_words_of_the_core_and_nothing_that_opens_a_store() -> None:
    assert len(console_modules()) > 10
    wrong = [
        f"{module} imports {name}"
        for module, tree in console_modules()
        for name, _ in imported(tree, module.split(".")[:-1])
        if name.startswith("bonafide") and not any(is_inside(name, one) for one in MAY_IMPORT)
    ]
    assert wrong == []


def test_a_running_console_has_loaded_no_office_and_no_engine() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SRC)!r})\n"
        "from bonafide.apps.console import __main__\nfrom bonafide.apps.console.api import Api\n"
        "from bonafide.apps.console.run import build\nbuild(Api('http://127.0.0.1:1'), lambda: 0)\n"
        "print(*[name for name in sys.modules if name.startswith(('bonafide.office', 'bonafide.engine', 'bonafide.lab',"
        " 'sqlalchemy', 'numba', 'polars'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_serve_loads_no_library_of_the_console() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SRC)!r})\nimport bonafide.apps.cli.serve_console as one\n"
        "from bonafide.apps.settings import Settings\none.console_child(Settings(), ['x'], None)\n"
        "print(*{'nicegui', 'httpx', 'socketio', 'jinja2'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_pages_give_html_of_their_own_making_alone() -> None:
    """`ui.html` takes what a function of ours has escaped; markdown, and HTML for the head, take none of the API."""
    found = []
    for module, tree in console_modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in {"html", "markdown", "add_body_html", "run_javascript", "add_head_html"}:
                    found.append((module.rpartition(".")[2], node.func.attr))
                assert not [one for one in node.keywords if one.arg == "sanitize"], "the browser's sanitizer stays on"
    assert sorted(set(found)) == [
        ("about", "html"), ("days", "html"), ("frame", "add_head_html"), ("money", "html"), ("overview", "html"),
        ("score", "html"),
    ]  # fmt: skip


def test_rights_are_those_of_the_office() -> None:
    machines = {"platform", "partner", "anybody"}
    assert {route: roles - machines for route, roles in ROUTES.items() if route in RIGHTS} == RIGHTS


def test_a_client_keeps_nobodys_cookie() -> None:
    import asyncio

    seen: list[tuple[str, str]] = []

    async def service(request: httpx.Request) -> httpx.Response:
        seen.append((request.headers.get("cookie", ""), request.headers.get("x-csrf-token", "")))
        headers = {"set-cookie": "bonafide=stray; Path=/"}
        if request.url.path == "/v1/away":
            return httpx.Response(401, json={"detail": "over"}, headers=headers)
        if request.url.path == "/v1/text":
            return httpx.Response(500, text="<html>")
        return httpx.Response(200, json={}, headers=headers)

    async def walk() -> None:
        api = Api("http://127.0.0.1:1", transport=httpx.MockTransport(service))
        other = SESSION._replace(cookie=Secret("bonafide=2"), csrf=Secret("d"))
        await api.get(None, "/v1/x")
        await api.get(SESSION, "/v1/x")
        await api.post(other, "/v1/x")
        await api.get(None, "/v1/x")
        with pytest.raises(SignedOutError):
            await api.get(SESSION, "/v1/away")
        with pytest.raises(ApiError, match="answered 500"):
            await api.get(SESSION, "/v1/text")
        await api.close()

    asyncio.run(walk())
    assert seen == [("", ""), ("bonafide=1", ""), ("bonafide=2", "d"), ("", ""), ("bonafide=1", ""), ("bonafide=1", "")]
    assert "bonafide=1" not in repr(SESSION)


def test_sessions_are_bounded_and_end() -> None:
    now, drawn = [0], count()
    holder = Holder(lambda: now[0], lambda size: f"t{next(drawn)}")
    tokens = [holder.begin(SESSION) for _ in range(HELD_MAX + 1)]
    assert len(holder) == HELD_MAX
    assert holder.find(tokens[0]) is None
    held = holder.find(tokens[1])
    assert held is not None
    again = holder.begin(SESSION, tokens[1])
    assert holder.find(tokens[1]) is None
    for _ in range(LASTING_MS // (IDLE_MS - 1)):
        now[0] += IDLE_MS - 1
        assert holder.find(again) is not None
    now[0] = LASTING_MS
    assert holder.find(again) is None
    assert holder.find(None) is None
    assert held.is_looking(LOOKING_MS - 1)
    assert not held.is_looking(LOOKING_MS)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True), ({"host": "a", "origin": "http://a"}, True), ({"host": "a", "origin": "https://A"}, True),
        ({"host": "a", "origin": "http://b"}, False), ({"host": "a", "origin": "null"}, False),
        ({"host": "a", "origin": "http://a", "sec-fetch-site": "cross-site"}, False),
        ({"host": "a", "origin": "http://a", "sec-fetch-site": "same-site"}, False),
    ],
)  # fmt: skip
def test_requests_are_told_apart_by_where_they_come_from(headers: dict[str, str], ours: bool) -> None:
    assert is_ours([(name.encode(), value.encode()) for name, value in headers.items()]) is ours


PAYMENTS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 8), st.integers(1, 10**6), st.sampled_from(["verify", "hold"])),
    min_size=1, max_size=200,
)  # fmt: skip


def events_of(payments: list[tuple[int, int, int, str]]) -> list[dict[str, object]]:
    return [
        {"seq": seq, "type": "payment", "user_id": f"~u{user}", "merchant_id": f"~m{merchant}", "amount": amount,
         "outcome": outcome}
        for seq, (user, merchant, amount, outcome) in enumerate(payments)
    ]  # fmt: skip


@given(PAYMENTS)
def test_the_picture_is_the_same_for_the_same_case_and_no_node_hides_another(
    payments: list[tuple[int, int, int, str]],
) -> None:
    events = events_of(payments)
    graph = graph_of(events)
    spots = places(graph)
    assert spots == places(graph_of(list(reversed(events)))), "the order of events says nothing"
    assert set(spots) == {node.who for node in graph.nodes}
    assert len({(round(x, 3), round(y, 3)) for x, y in spots.values()}) == len(spots)
    assert sum(edge.amount for edge in graph.edges) == sum(amount for _, _, amount, _ in payments)


def test_a_large_case_is_cut_to_what_has_the_most_money() -> None:
    events = events_of([(user, user % 9, 1 + user, "hold") for user in range(2_000)])
    graph = graph_of(events)
    assert len(graph.nodes) == NODES_MAX
    assert graph.left_out == 2_009 - NODES_MAX
    kept = {edge.user for edge in graph.edges}
    assert "~u1999" in kept
    assert "~u0" not in kept
    assert set(places(graph)) == {node.who for node in graph.nodes}


class Told:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, event: str, **more: str) -> None:
        self.lines.append(f"{event}: {more.get('told', '')}")


def test_serve_goes_on_without_a_console_where_it_is_off_or_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bonafide.apps.cli.serve_console import console_child
    from bonafide.apps.console import run
    from bonafide.apps.settings import Settings

    log = Told()
    assert console_child(Settings(console="off"), [], log) is None
    assert console_child(Settings(), ["http://127.0.0.1:1"], log) is not None
    assert log.lines == []
    monkeypatch.setattr(run, "is_installed", lambda: False)
    assert console_child(Settings(), [], log) is None
    assert log.lines == [f"no-console: it takes one step more: {run.INSTALL}"]


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    from bonafide.apps.console.run import open_socket
    from bonafide.core.errors import UsageError

    with open_socket(0) as taken, pytest.raises(UsageError, match="stop what listens there, or give another"):
        open_socket(taken.getsockname()[1])
