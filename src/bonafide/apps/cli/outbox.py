"""`bonafide outbox`: what leaves, as a terminal sees it: how it stands, messages, dead letters, where to go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from bonafide.apps.cli.access_user import terminal_actor
from bonafide.apps.cli.clear import clear_texts
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.outbox_receiver import (
    Config,
    Data,
    read_outbox_settings,
    receiver_app,
    split_topics,
    table_of,
)
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.office.outbox.dead_letters import DeadLetter, DeadLetters
    from bonafide.office.outbox.deliveries import Deliveries
    from bonafide.office.outbox.destinations import Destinations
    from bonafide.office.outbox.log import JournalLog
    from bonafide.office.outbox.pull import Page
    from bonafide.office.outbox.standing import Standing
    from bonafide.office.outbox.tail import Tailer
    from bonafide.office.store.database import Store

outbox_app = typer.Typer(no_args_is_help=True, help="What leaves: receivers, messages, dead letters, how it stands.")
outbox_app.add_typer(receiver_app, name="receiver")

END = "end"


@outbox_app.callback()
def _outbox() -> None:
    """What leaves: receivers, messages, dead letters, how it stands."""


@outbox_app.command()
def status(config: Config = None, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Say how far the log was read, what waits, and what keeps it from getting on; ends with 1 where something does.

    [dim]bonafide outbox status --data bonafide-data[/dim]
    """
    from bonafide.office.access.keys import now_ms
    from bonafide.office.outbox.standing import standing

    with errors_told(), _opened(data, config) as box:
        found = standing(box.store, box.log, box.tailer, box.destinations, box.deliveries, now_ms())
    if as_json:
        show_json(found.to_wire())
    else:
        typer.echo(_standing_text(found))
    if found.trouble:
        raise typer.Exit(Exit.NO)


@outbox_app.command()
def pull(
    after: Annotated[int, typer.Option("--after", help="The cursor of the page before; 0 begins.")] = 0,
    limit: Annotated[int, typer.Option("--limit", help="At most so many messages, 1 to 1000.")] = 100,
    topics: Annotated[
        list[str] | None, typer.Option("--topics", help="Only these, separated by commas: alert, measure, notice, ...")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="With the ids that the vault knows in place of pseudonyms.")
    ] = False,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Print messages after a cursor, one a line, oldest first; the next cursor is told on stderr.

    Ids are pseudonyms. With --clear each that the vault knows is itself; every look is in the audit log.

    [dim]bonafide outbox pull --after 120 --data bonafide-data[/dim]
    """
    from bonafide.office.access.keys import now_ms
    from bonafide.office.outbox.clear import one_by_one
    from bonafide.office.outbox.pull import pull as pull_page

    clearly = clear_texts(data, "subject.look") if clear else nullcontext()
    with errors_told(), _store(data) as store, clearly as clear_of:
        if clear:
            say("Looking ids up ...")
        texts = None if clear_of is None else one_by_one(clear_of)
        page = pull_page(store, texts, now_ms(), after, topics=split_topics(topics), limit=limit)
    _show_page(page, as_json)


@outbox_app.command("dead-letters")
def dead_letters(
    receiver: Annotated[str | None, typer.Option("--receiver", help="Only those of one receiver, by its id.")] = None,
    after: Annotated[int, typer.Option("--after", help="From behind this message's number on.")] = 0,
    resend: Annotated[bool, typer.Option("--resend", help="Send them again, all that there are.")] = False,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Show messages that were tried to the end and not taken, or send them again.

    [dim]bonafide outbox dead-letters --resend --data bonafide-data[/dim]
    """
    from bonafide.office.outbox.dead_letters import DeadLetters

    with errors_told(), _store(data) as store:
        letters = DeadLetters(store)
        if resend:
            _resend(letters, receiver, as_json)
            return
        found = letters.list(after, destination_id=receiver)
    if as_json:
        show_json({"dead_letters": [one.to_wire() for one in found]})
    else:
        typer.echo("\n".join(map(_letter_line, found)) if found else "no dead letters")


@outbox_app.command("begin-at")
def begin_at(
    place: Annotated[str, typer.Argument(help="An event's number, where a commit ends, or `end`: behind the last.")],
    config: Config = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Say where in the log to go on, after the journal was restored from another backup than the store.

    Events before that place that were not read give no messages; events that come again as they were give none either.

    [dim]bonafide outbox begin-at end --data bonafide-data[/dim]
    """
    with errors_told(), _opened(data, config) as box:
        before, last = box.tailer.place().next_seq, box.log.next_seq()
        if place != END and not (place.isascii() and place.isdigit() and len(place) <= len(str(2**62))):
            raise UsageError(f"place: give a number from 0 to {last}, or {END}")
        seq = last if place == END else int(place)
        box.tailer.begin_at(terminal_actor(), seq)
    if as_json:
        show_json({"from": before, "to": seq, "events": last})
    else:
        typer.echo(f"the outbox goes on at event {seq}; it had read {before}, and the log has {last}")


class _Opened(NamedTuple):
    store: Store
    log: JournalLog
    tailer: Tailer
    destinations: Destinations
    deliveries: Deliveries


@contextmanager
def _opened(data: Path, config: Path | None) -> Iterator[_Opened]:
    """The outbox of a data directory, to be looked at beside a running server."""
    from random import SystemRandom

    from bonafide.apps.outbox.worker import reach_of
    from bonafide.office.access.keys import now_ms
    from bonafide.office.outbox.deliveries import Deliveries
    from bonafide.office.outbox.destinations import Destinations
    from bonafide.office.outbox.log import open_log
    from bonafide.office.outbox.tail import Tailer
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.store.opening import open_store

    folder = DataDir.open(data, create=False)
    settings, key = read_outbox_settings(folder, config), folder.read_secret()
    reach = reach_of(settings)
    with open_store(folder, settings.store_url) as store, open_log(folder.folder) as log:
        tailer, destinations = Tailer(store, log, key, now_ms), Destinations(store, key, reach, now_ms)
        yield _Opened(store, log, tailer, destinations, Deliveries(store, SystemRandom()))


@contextmanager
def _store(data: Path) -> Iterator[Store]:
    from bonafide.apps.stores import open_office
    from bonafide.office.store.datadir import DataDir

    with open_office(DataDir.open(data, create=False)) as store:
        yield store


def _resend(letters: DeadLetters, receiver: str | None, as_json: bool) -> None:
    from bonafide.office.access.keys import now_ms

    done, total = 0, letters.count(receiver)
    with progress_bar(f"Sending {total} dead letters again") as progress:
        while some := letters.resend(terminal_actor(), now_ms(), receiver):
            done += some
            progress(done, total)
    if as_json:
        show_json({"resent": done})
    else:
        typer.echo(f"{done} dead letters are sent again")


def _show_page(page: Page, as_json: bool) -> None:
    import msgspec

    wire = [one.to_wire() for one in page.messages]
    if as_json:
        told = {"messages": wire, "cursor": page.cursor, "has_more": page.has_more}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    sys.stdout.write("".join(msgspec.json.encode(one).decode() + "\n" for one in wire))
    more = "more are there" if page.has_more else "these are all for now"
    say(f"{len(wire)} messages, {more}; next: bonafide outbox pull --after {page.cursor}")


def _letter_line(one: DeadLetter) -> str:
    wire = one.to_wire()
    return "  ".join(
        (f"{one.no}", wire["given_up"], one.destination_id, one.topic, one.subject, f"{one.attempts} tries", one.error)
    )


def _standing_text(found: Standing) -> str:
    from bonafide.core.moment import show_moment

    oldest = "" if found.oldest_ms is None else f", the oldest of {show_moment(found.oldest_ms)}"
    waiting = sum(found.deliveries[state] for state in ("queued", "waiting", "sending"))
    behind = found.events - found.read
    lines = [
        f"events read    {found.read:,} of {found.events:,}",
        f"behind         {behind:,} events, {found.behind_ms / 1_000:.1f} s" if behind > 0 else "behind         no",
        f"messages kept  {found.messages:,}",
        f"to be sent     {waiting:,}{oldest}",
        f"delivered      {found.deliveries['delivered']:,}",
        f"dead letters   {found.deliveries['dead']:,}",
    ]
    lines += ["", table_of(list(found.receivers)) if found.receivers else "no receivers"]
    lines += ["", *(f"trouble: {told}" for told in found.trouble)] if found.trouble else []
    return "\n".join(lines)
