"""Every route against every role, as a machine and as a person, and nobody: the real application and the one table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from bonafide.apps.server.events_route import PATHS
from bonafide.apps.server.rest import asks, make_rest, template_of
from bonafide.office.access.roles import ROLES
from bonafide.office.people.matrix import OF_PEOPLE, ROUTES, Deed, may
from bonafide.office.people.rows import PEOPLE_ROLES
from tests.apps.server.bureau import Bureau, opened

NOT_SERVED = {
    "GET /v1/exchange/{path}", "POST /v1/exchange/{path}", "GET /v1/evidence/{path}", "POST /v1/evidence/{path}",
}  # fmt: skip
"""Rows of what is not built yet. A route that is served leaves this list; it only gets shorter."""
PATH_OF = {"{type}": "user", "{pseudonym}": "00000000000000ff", "{event_id}": "p1", "{number}": "1"}


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with opened(tmp_path_factory.mktemp("matrix"), metrics_open=False) as one:
        yield one


def served(bureau: Bureau) -> set[str]:
    """The rows of what answers, the raw routes among it."""
    routes = [route for route in make_rest(bureau.service).routes if isinstance(route, APIRoute)]
    return {deed.name for deed in PATHS.values()} | {
        f"{method} {template_of(route)}" for route in routes for method in route.methods
    }


def asked(row: str) -> tuple[str, str]:
    """A method and a path that mean a row; what stands in the path is nobody's."""
    method, template = row.split(" ")
    return method, re.sub(r"\{\w+\}", lambda found: PATH_OF.get(found[0], "nobody"), template)


def test_every_row_is_served_or_said_not_to_be_yet(bureau: Bureau) -> None:
    assert served(bureau) == set(ROUTES) - NOT_SERVED
    for row in NOT_SERVED:
        method, path = asked(row)
        assert bureau.ask(method, path, key=bureau.key("admin")).status == 404, row


def test_every_route_asks_who_asks_before_anything_else(bureau: Bureau) -> None:
    name = asks(bureau.service).__qualname__
    for route in make_rest(bureau.service).routes:
        assert isinstance(route, APIRoute), "nothing but our own routes is served"
        first = route.dependencies[0].dependency
        assert first is not None
        assert first.__qualname__ == name, route.path


def test_every_route_lets_in_whom_the_table_says(bureau: Bureau, capsys: pytest.CaptureFixture[str]) -> None:
    keys = {role: bureau.key(role) for role in ROLES}
    for role in PEOPLE_ROLES:
        bureau.settle(f"p-{role}", role)
    wrong, cells, rows = [], 0, sorted(served(bureau))
    for row in rows:
        method, path = asked(row)
        got = {("nobody", ""): bureau.ask(method, path, b"{}", key=None).status}
        for role in ROLES:
            got["machine", role] = bureau.as_machine(keys[role], method, path, {}).status
        for role in PEOPLE_ROLES:
            got["person", role] = bureau.as_person(bureau.session(f"p-{role}"), method, path, {}).status
        for (kind, role), status in got.items():
            allowed = may(role or None, Deed("route", row)) and (kind != "machine" or row not in OF_PEOPLE)
            refused = 401 if kind == "nobody" else 403
            cells += 1
            if (status == refused) == allowed or status >= 500 or (not allowed and status != refused):
                wrong.append((row, kind, role, status))
    with capsys.disabled():
        print(f"\naccess over HTTP: {len(rows)} routes x {len(got)} askers = {cells} cells, {len(wrong)} mismatches")
    assert wrong == []


def test_a_narrowed_key_reaches_what_it_was_made_for(bureau: Bureau) -> None:
    key = bureau.key("admin", routes=["/v1/keys"])
    assert bureau.as_machine(key, "GET", "/v1/keys").status == 200
    assert bureau.as_machine(key, "POST", "/v1/keys/nobody/revoke").status == 404
    for row in sorted(served(bureau)):
        method, path = asked(row)
        if not path.startswith("/v1/keys") and not may(None, Deed("route", row)):
            assert bureau.as_machine(key, method, path, {}).status == 403, row


def test_a_mismatch_is_caught(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    from bonafide.office.people import matrix

    monkeypatch.setitem(matrix.ROUTES, "GET /v1/keys", frozenset({"analyst"}))
    matrix.matrix.cache_clear()
    matrix.may.cache_clear()
    try:
        assert bureau.as_machine(bureau.key("analyst"), "GET", "/v1/keys").status == 200
        assert bureau.as_machine(bureau.key("admin"), "GET", "/v1/keys").status == 403
    finally:
        monkeypatch.undo()
        matrix.matrix.cache_clear()
        matrix.may.cache_clear()
