"""`bonafide access user`: the people who may sign in to the console."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.core.secret import Secret
    from bonafide.office.audit.entry import Actor
    from bonafide.office.people.identities import Identity
    from bonafide.office.people.people import People
    from bonafide.office.people.rows import PersonRow

user_app = typer.Typer(no_args_is_help=True, help="The people who sign in: create, disable, enable, reset, list.")

SHOWN_ONCE: Final = "This is the only time that the one-time password is shown; it holds until {} and must be replaced."

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Name = Annotated[str, typer.Argument(help="The name that they sign in with.")]
Oidc = Annotated[
    str | None,
    typer.Option("--oidc", help="Who they are to the provider of identities: no password here (docs/people.md)."),
]


@user_app.callback()
def _user() -> None:
    """The people who sign in: create, disable, enable, reset, list."""


@user_app.command("create")
def create_user(
    name: Name,
    role: Annotated[
        str, typer.Option("--role", help="analyst, senior, merchant_ops, legal, auditor or admin (docs/people.md).")
    ],
    oidc: Oidc = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Let somebody sign in. The one-time password that they begin with is printed once, alone on stdout.

    [dim]bonafide access user create ann --role analyst --data bonafide-data[/dim]
    """
    with errors_told(), _people(data, create=True) as people:
        if oidc is not None:
            _show(people.invite(terminal_actor(), name, role, _identity(data, oidc)), as_json)
            return
        _show_new(*people.create(terminal_actor(), name, role), as_json)


@user_app.command("reset")
def reset_user(name: Name, oidc: Oidc = None, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Give a new one-time password to who lost the password or the device, and end their sessions.

    [dim]bonafide access user reset ann --data bonafide-data[/dim]
    """
    with errors_told(), _people(data) as people:
        if oidc is not None:
            _show(people.reset_to(terminal_actor(), name, _identity(data, oidc)), as_json)
            return
        _show_new(*people.reset(terminal_actor(), name), as_json)


@user_app.command("disable")
def disable_user(name: Name, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Let somebody in no more, and end their sessions at once.

    [dim]bonafide access user disable ann --data bonafide-data[/dim]
    """
    with errors_told(), _people(data) as people:
        _show(people.disable(terminal_actor(), name), as_json)


@user_app.command("enable")
def enable_user(name: Name, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Let somebody in again who was disabled.

    [dim]bonafide access user enable ann --data bonafide-data[/dim]
    """
    with errors_told(), _people(data) as people:
        _show(people.enable(terminal_actor(), name), as_json)


@user_app.command("list")
def list_users(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show everybody: role, state, whether the second factor is set up, when they last signed in.

    [dim]bonafide access user list --data bonafide-data[/dim]
    """
    with errors_told(), _people(data) as people:
        found = [row.to_wire() for row in people.list()]
    if as_json:
        show_json({"users": found})
    else:
        typer.echo(_table(found) if found else "no users; bonafide access user create makes one")


def terminal_actor() -> Actor:
    """Who sits at the terminal, for the audit log."""
    from bonafide.office.audit.entry import Actor

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid{os.getuid()}"
    return Actor(f"terminal:{name[:40] if name.isprintable() else os.getuid()}", "terminal")


@contextmanager
def _people(data: Path, *, create: bool = False) -> Iterator[People]:
    from bonafide.apps.stores import open_office
    from bonafide.office.people.people import People
    from bonafide.office.store.datadir import DataDir

    with open_office(DataDir.open(data, create=create)) as store:
        yield People(store)


def _identity(data: Path, value: str) -> Identity:
    """Somebody as the provider that the settings name has them."""
    from bonafide.apps.oidc import identity_of
    from bonafide.office.store.datadir import DataDir

    return identity_of(DataDir(data), value)


def _show_new(password: Secret, row: PersonRow, as_json: bool) -> None:
    wire = row.to_wire()
    if as_json:
        show_json({"one_time_password": password.reveal(), **wire})
        return
    typer.echo(password.reveal())
    say(f"user {row.name} of role {row.role}. {SHOWN_ONCE.format(wire['one_time_password_ends'])}")


def _show(row: PersonRow, as_json: bool) -> None:
    if as_json:
        show_json(row.to_wire())
    else:
        typer.echo(f"{row.name} is {row.state}")


def _table(found: list[dict[str, Any]]) -> str:
    head = ("name", "role", "state", "second factor", "signed in")
    rows = [head, *(
        (one["name"], one["role"], one["state"], "yes" if one["totp"] else "no", one["signed_in"] or "never")
        for one in found
    )]  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
