"""`bonafide outbox receiver`: who is sent messages, and the secrets that they are signed with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.access_user import terminal_actor
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, say, show_json
from bonafide.core.errors import UsageError
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.settings import Settings
    from bonafide.core.secret import Secret
    from bonafide.office.outbox.destinations import Destination, Destinations
    from bonafide.office.store.datadir import DataDir

receiver_app = typer.Typer(no_args_is_help=True, help="Who is sent messages: add, list, pause, resume, remove, rotate.")

SHOWN_ONCE = "This is the only time that the secret is shown; it is kept nowhere."

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Config = Annotated[
    Path | None, typer.Option("--config", help="A settings file; default: bonafide.toml in the data directory.")
]
ReceiverId = Annotated[str, typer.Argument(help="The receiver's id, as it was printed and as `list` shows it.")]
Topics = Annotated[
    list[str] | None, typer.Option("--topics", help="Only these, separated by commas: alert, measure, notice, ...")
]


@receiver_app.callback()
def _receiver() -> None:
    """Who is sent messages: add, list, pause, resume, remove, rotate."""


@receiver_app.command("add")
def add_receiver(
    url: Annotated[str, typer.Argument(help="Where to: https://HOST/PATH, or kafka://HOST:PORT/TOPIC.")],
    topics: Topics = None,
    note: Annotated[str, typer.Option("--note", help="What people should know of it.")] = "",
    config: Config = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Send messages to somebody from now on. The secret that they are signed with is printed once, alone on stdout.

    [dim]bonafide outbox receiver add https://pay.example.org/hooks --data bonafide-data[/dim]
    """
    from bonafide.office.outbox.messages import TOPICS

    with errors_told(), destinations_of(data, config) as destinations:
        row, secret = destinations.add(terminal_actor(), url, split_topics(topics) or TOPICS, note=note)
    _show_secret(secret, row, as_json, f"receiver {row.destination_id} of {', '.join(row.topics)}.")


@receiver_app.command("list")
def list_receivers(config: Config = None, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show the receivers: where to, of what, whether they are sent to and were reached.

    [dim]bonafide outbox receiver list --data bonafide-data[/dim]
    """
    with errors_told(), destinations_of(data, config) as destinations:
        found = destinations.list()
    if as_json:
        show_json({"receivers": [row.to_wire() for row in found]})
    else:
        typer.echo(table_of(found) if found else "no receivers; bonafide outbox receiver add makes one")


@receiver_app.command("pause")
def pause_receiver(
    receiver_id: ReceiverId, config: Config = None, data: Data = DEFAULT_FOLDER, as_json: Json = False
) -> None:  # fmt: skip
    """Send a receiver nothing for now; what is for it waits.

    [dim]bonafide outbox receiver pause jgudwygmv73a[/dim]
    """
    with errors_told(), destinations_of(data, config) as destinations:
        _show(destinations.pause(terminal_actor(), receiver_id), as_json)


@receiver_app.command("resume")
def resume_receiver(
    receiver_id: ReceiverId, config: Config = None, data: Data = DEFAULT_FOLDER, as_json: Json = False
) -> None:  # fmt: skip
    """Send to a receiver again, beginning with what waited.

    [dim]bonafide outbox receiver resume jgudwygmv73a[/dim]
    """
    with errors_told(), destinations_of(data, config) as destinations:
        _show(destinations.resume(terminal_actor(), receiver_id), as_json)


@receiver_app.command("remove")
def remove_receiver(
    receiver_id: ReceiverId, config: Config = None, data: Data = DEFAULT_FOLDER, as_json: Json = False
) -> None:  # fmt: skip
    """Take a receiver away for good, with what waits for it.

    [dim]bonafide outbox receiver remove jgudwygmv73a[/dim]
    """
    with errors_told(), destinations_of(data, config) as destinations:
        say(f"Removing {receiver_id} ...")
        given_up = destinations.remove(terminal_actor(), receiver_id)
    if as_json:
        show_json({"receiver_id": receiver_id, "state": "removed", "deliveries": given_up})
    else:
        typer.echo(f"{receiver_id} is removed, with {given_up} deliveries")


@receiver_app.command("rotate")
def rotate_receiver(
    receiver_id: ReceiverId,
    overlap: Annotated[str, typer.Option("--overlap", help="For how long the old secret signs too, at most.")] = "1d",
    config: Config = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Sign a receiver's messages with a new secret, printed once; the old one goes on to sign for a while.

    [dim]bonafide outbox receiver rotate jgudwygmv73a --overlap 2d[/dim]
    """
    with errors_told(), destinations_of(data, config) as destinations:
        secret = destinations.rotate(terminal_actor(), receiver_id, _span(overlap))
        row = destinations.get(receiver_id)
    _show_secret(secret, row, as_json, f"receiver {receiver_id}: the old secret signs for {overlap} more.")


def read_outbox_settings(data: DataDir, config: Path | None) -> Settings:
    """The settings as a server of this data directory reads them, options of its own start aside."""
    from bonafide.apps.settings import read_settings

    return read_settings(config or (data.settings if data.settings.exists() else None), os.environ)


@contextmanager
def destinations_of(data: Path, config: Path | None) -> Iterator[Destinations]:
    """The receivers of a data directory."""
    from bonafide.apps.outbox.worker import reach_of
    from bonafide.office.access.keys import now_ms
    from bonafide.office.outbox.destinations import Destinations
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.store.opening import open_store

    folder = DataDir.open(data, create=False)
    settings = read_outbox_settings(folder, config)
    reach = reach_of(settings)
    with open_store(folder, settings.store_url) as store:
        yield Destinations(store, folder.read_secret(), reach, now_ms)


def split_topics(given: list[str] | None) -> list[str] | None:
    """The topics of an option that takes several, separated by commas or repeated."""
    return [word.strip() for text in given for word in text.split(",") if word.strip()] if given else None


def table_of(found: list[Destination]) -> str:
    """Receivers as people read them, one a line."""
    head = ("receiver_id", "state", "topics", "not reached", "url", "note")
    rows = [head, *(
        (one.destination_id, one.state, ",".join(one.topics), f"{one.failures} times" if one.failures else "-", one.url,
         one.note) for one in found
    )]  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _show(row: Destination, as_json: bool) -> None:
    if as_json:
        show_json(row.to_wire())
    else:
        typer.echo(f"{row.destination_id} is {row.state}")


def _show_secret(secret: Secret, row: Destination, as_json: bool, told: str) -> None:
    """The secret on stdout and nothing else there; what is to be known of it on stderr."""
    wire: dict[str, Any] = row.to_wire()
    if as_json:
        show_json({"secret": secret.reveal(), **wire})
        return
    typer.echo(secret.reveal())
    say(f"{told} {SHOWN_ONCE}")


def _span(text: str) -> int:
    from bonafide.core.moment import parse_span
    from bonafide.core.text import shorten

    try:
        return 0 if text == "0" else parse_span(text)
    except ValueError:
        raise UsageError(f"--overlap {shorten(text)}: give a span such as 2h or 1d, or 0") from None
