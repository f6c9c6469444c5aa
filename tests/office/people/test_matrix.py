"""Who may do what: every event type, route and command against every role and nobody, as docs/people.md has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from bonafide.apps.cli.main import app
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.key_rows import KeyRow
from bonafide.office.access.roles import ROLES
from bonafide.office.people.matrix import (
    ANYBODY,
    COLUMNS,
    COMMANDS,
    ROUTES,
    Deed,
    check_may,
    matrix,
    may,
)  # fmt: skip

DOCS = Path(__file__).parents[3] / "docs"
PROMISED = (
    "POST /v1/events", "POST /v1/events:batch", "GET /v1/decisions/e1", "GET /v1/users/u1", "GET /v1/merchants/m1",
    "GET /v1/cases", "GET /v1/measures", "GET /v1/appeals", "GET /v1/bundles", "GET /v1/exchange/indicators/7",
    "GET /v1/evidence/packages/7", "GET /v1/me/decisions", "GET /healthz", "GET /readyz", "GET /metrics",
)  # fmt: skip


def stated() -> dict[Deed, frozenset[str]]:
    """The table of docs/people.md, written by hand there: row -> the roles with a cross."""
    found = {}
    for line in (DOCS / "people.md").read_text(encoding="utf-8").splitlines():
        if (row := re.fullmatch(r"\| (event|route|command) \| `([^`]+)` \|((?: [x ] \|)+)", line)) is not None:
            crosses = row[3].split("|")[:-1]
            assert len(crosses) == len(COLUMNS), line
            allowed = [role for role, cross in zip(COLUMNS, crosses) if cross.strip() == "x"]
            found[Deed(row[1], row[2])] = frozenset(allowed)  # type: ignore[arg-type]
    return found


def commands(group: click.Command, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command of the command line, with the groups that it stands in."""
    inner = getattr(group, "commands", None)
    if inner is None:
        yield " ".join(before)
    for name, one in (inner or {}).items():
        yield from commands(one, (*before, name))


def enforced(role: str, deed: Deed) -> bool:
    """What the program really does: of events what a key of that role may send, else what the check says."""
    given = None if role == ANYBODY else role
    if deed.kind == "event":
        return given is not None and _sender_may(given, deed.name)
    try:
        check_may(given, deed)
    except ForbiddenError:
        return False
    return True


def _sender_may(role: str, event_type: str) -> bool:
    row = KeyRow(
        key_id="a", role=role, types=(event_type,), routes=None, rate_per_s=None, note="", created_ms=0,
        expires_ms=None, revoked_ms=None, replaced_by=None, last_used=None,
    )  # fmt: skip
    return row.sender().may_send(event_type)


def test_every_cell_is_as_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    table = stated()
    assert set(table) == set(matrix()), set(table) ^ set(matrix())
    wrong = [(deed, role) for deed in table for role in COLUMNS if enforced(role, deed) != (role in table[deed])]
    with capsys.disabled():
        print(f"\naccess matrix: {len(table)} rows x {len(COLUMNS)} columns = {len(table) * len(COLUMNS)} cells, "
              f"{len(wrong)} mismatches")  # fmt: skip
    assert wrong == []


def test_every_event_type_has_a_row_and_control_records_are_taken_from_nobody() -> None:
    rows = {deed.name: roles for deed, roles in matrix().items() if deed.kind == "event"}
    assert set(rows) == set(EVENT_CLASS)
    assert all(rows[name] == frozenset() for name in CONTROL_TYPES)


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    assert set(commands(typer.main.get_command(app))) == set(COMMANDS)


def deed_of_route(method: str, path: str) -> Deed | None:
    """The row of a request; `{path}` and an event's id stand for whatever comes below, any other word for one part."""
    for name in ROUTES:
        parts = (re.escape(part) for part in re.split(r"\{(?:path|event_id)\}", name))
        form = re.sub(r"\\\{\w+\\\}", "[^/]+", ".+".join(parts))
        if re.fullmatch(form, f"{method} {path}"):
            return Deed("route", name)
    return None


@pytest.mark.parametrize("wanted", PROMISED)
def test_every_route_of_the_contract_has_a_row(wanted: str) -> None:
    deed = deed_of_route(*wanted.split(" "))
    assert deed is not None
    assert any(may(role, deed) for role in ROLES)


def test_paths_are_told_apart() -> None:
    assert deed_of_route("POST", "/v1/events:batch") == Deed("route", "POST /v1/events:batch")
    assert deed_of_route("GET", "/v1/users/u1") == Deed("route", "GET /v1/users/{id}")
    for wanted in ("GET /v1/users/u1/x", "GET /v1/users/", "DELETE /v1/users/u1", "GET /v2", "GET /v1/usersx",
                   "POST /v1/people/ann/disable/x", "GET /metrics/"):  # fmt: skip
        assert deed_of_route(*wanted.split(" ")) is None


def test_what_has_no_row_nobody_may() -> None:
    for role in (*ROLES, None, "chief"):
        assert not may(role, Deed("route", "GET /v1/coffee"))
    with pytest.raises(ForbiddenError, match=r"anybody may not do this \(route GET /v1/people\); auditor, admin may"):
        check_may(None, Deed("route", "GET /v1/people"))
    with pytest.raises(ForbiddenError, match="nobody may"):
        check_may("admin", Deed("event", "tick"))
