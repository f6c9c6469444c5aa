"""`bonafide access`: who may send, with which key, and who may sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.access_sign_in import sign_in_at_terminal
from bonafide.apps.cli.access_user import terminal_actor, user_app
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, say, show_json
from bonafide.core.errors import UsageError
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.core.secret import Secret
    from bonafide.office.access.key_rows import KeyRow
    from bonafide.office.access.keys import Keys

access_app = typer.Typer(no_args_is_help=True, help="Who may send events, ask for answers, and sign in.")
key_app = typer.Typer(no_args_is_help=True, help="The keys of machines: make, rotate, revoke, list.")
access_app.add_typer(key_app, name="key")
access_app.add_typer(user_app, name="user")
access_app.command("sign-in")(sign_in_at_terminal)

SHOWN_ONCE: Final = "This is the only time that the key is shown; only its hash is kept."

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
KeyId = Annotated[str, typer.Argument(help="The key's id, as it was printed and as `list` shows it.")]
Expires = Annotated[
    str | None,
    typer.Option("--expires", help="When it ends to hold: a span from now (90d) or a time (RFC 3339); default: never."),
]


@access_app.callback()
def _access() -> None:
    """Who may send events, ask for answers, and sign in."""


@key_app.callback()
def _key() -> None:
    """The keys of machines: make, rotate, revoke, list."""


@key_app.command("create")
def create_key(
    role: Annotated[str, typer.Option("--role", help="Whose key: platform, partner, admin, ... (docs/access.md).")],
    types: Annotated[
        list[str] | None, typer.Option("--types", help="Narrow it to these event types, separated by commas.")
    ] = None,
    routes: Annotated[
        list[str] | None, typer.Option("--routes", help="Narrow it to these routes, such as /v1/events.")
    ] = None,
    expires: Expires = None,
    rate: Annotated[int | None, typer.Option("--rate", help="Events a second; default: the server's setting.")] = None,
    note: Annotated[str, typer.Option("--note", help="What people should know of it.")] = "",
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Make a key. It is printed once, and works at once, also while the server runs or before it ever started.

    [dim]bonafide access key create --role platform --data bonafide-data[/dim]
    """
    with errors_told(), _keys(data, create=True) as keys:
        until = _moment(expires)
        key, row = keys.create(
            role, types=_split(types), routes=_split(routes), expires=until, rate=rate, note=note
        )  # fmt: skip
        _show_new(key, row, as_json, {})


@key_app.command("rotate")
def rotate_key(
    key_id: KeyId,
    overlap: Annotated[str, typer.Option("--overlap", help="For how long the old key still holds, at most.")] = "1d",
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="When the new one ends to hold; default: as long a life as the old one had."),
    ] = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Make a key in the place of another, which goes on to hold for a while.

    [dim]bonafide access key rotate jgudwygmv73a --overlap 2h[/dim]
    """
    from bonafide.core.moment import show_moment

    with errors_told(), _keys(data) as keys:
        key, row = keys.rotate(key_id, _span("--overlap", overlap), expires=_moment(expires))
        old = next(one for one in keys.list() if one.key_id == key_id)
        ends = show_moment(old.expires_ms or 0)
        _show_new(key, row, as_json, {"replaces": key_id, "replaced_expires": ends})
        say(f"{key_id} holds until {ends}.")


@key_app.command("revoke")
def revoke_key(key_id: KeyId, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """End a key for good. A running server refuses it within a second.

    [dim]bonafide access key revoke jgudwygmv73a[/dim]
    """
    from bonafide.core.moment import show_moment

    with errors_told(), _keys(data) as keys:
        row = keys.revoke(key_id)
        if as_json:
            show_json(_wire(row))
        else:
            typer.echo(f"{key_id} was revoked at {show_moment(row.revoked_ms or 0)}")


@key_app.command("list")
def list_keys(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show every key: whose, what it may send, until when, and when it was last used. The keys themselves are not kept.

    [dim]bonafide access key list --data bonafide-data[/dim]
    """
    with errors_told(), _keys(data) as keys:
        found = [_wire(row) for row in keys.list()]
    if as_json:
        show_json({"keys": found})
    else:
        typer.echo(_table(found) if found else "no keys; bonafide access key create makes one")


@contextmanager
def _keys(data: Path, *, create: bool = False) -> Iterator[Keys]:
    from bonafide.apps.stores import open_office
    from bonafide.office.access.keys import Keys
    from bonafide.office.store.datadir import DataDir

    with open_office(DataDir.open(data, create=create)) as store:
        yield Keys(store, actor=terminal_actor())


def _wire(row: KeyRow) -> dict[str, Any]:
    from bonafide.office.access.keys import now_ms

    return row.to_wire(now_ms())


def _show_new(key: Secret, row: KeyRow, as_json: bool, more: dict[str, Any]) -> None:
    """The key on stdout and nothing else there; what is to be known of it on stderr."""
    if as_json:
        show_json({"key": key.reveal(), **_wire(row), **more})
        return
    wire = _wire(row)
    typer.echo(key.reveal())
    say(f"key {row.key_id} of role {row.role}, expires: {wire['expires'] or 'never'}. {SHOWN_ONCE}")
    say(f"It may send: {', '.join(wire['types']) or 'no events'}.")


def _table(keys: list[dict[str, Any]]) -> str:
    """Keys as people read them, one a line."""
    head = ("key_id", "role", "state", "expires", "last used", "types", "note")
    rows = [head, *(_cells(key) for key in keys)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _cells(key: dict[str, Any]) -> tuple[str, ...]:
    state = key["state"] + (f" -> {key['replaced_by']}" if key["replaced_by"] else "")
    types = ",".join(key["types"]) if len(key["types"]) <= 3 else f"{len(key['types'])} types"
    return (key["key_id"], key["role"], state, key["expires"] or "never", key["last_used"] or "never", types or "none",
            key["note"])  # fmt: skip


def _split(given: list[str] | None) -> list[str] | None:
    """The words of an option that takes several, separated by commas or repeated."""
    if not given:
        return None
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def _moment(text: str | None) -> int | None:
    """The moment that `--expires` names, or that lies so far ahead."""
    from bonafide.core.moment import parse_moment, parse_span
    from bonafide.core.text import shorten
    from bonafide.office.access.keys import now_ms

    if text is None:
        return None
    try:
        return now_ms() + parse_span(text)
    except ValueError:
        pass
    try:
        return parse_moment(text)
    except ValueError:
        told = "give a span from now such as 90d, or a time such as 2027-01-31T00:00:00Z"
        raise UsageError(f"--expires {shorten(text)}: {told}") from None


def _span(option: str, text: str) -> int:
    from bonafide.core.moment import parse_span
    from bonafide.core.text import shorten

    try:
        return 0 if text == "0" else parse_span(text)
    except ValueError:
        raise UsageError(f"{option} {shorten(text)}: give a span such as 2h or 1d, or 0") from None
