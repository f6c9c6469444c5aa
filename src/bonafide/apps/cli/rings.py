"""`bonafide rings`: who belongs together in a log, as `group` events for the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import Events, Json, MappingFile, Now, read_moment
from bonafide.apps.cli.replay import find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json, stages_shown
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bonafide.lab.rings import Found, Known, Ties

OVER: Final = "60d"
VALID: Final = "7d"
SEED: Final = 7


class RingCounts(NamedTuple):
    """What a run read and found."""

    until: str
    """The moment, RFC 3339."""
    read: int
    rejected: int
    payments: int
    """Credit payments of the look-back."""
    users: int
    merchants: int
    uses: int
    """Uses of resources that tie somebody to somebody."""
    events: int
    """`group` events written."""
    by_method: dict[str, dict[str, int]]
    """`groups` and `subjects` of each method that ran."""
    left_out: dict[str, str]
    """Methods that could not run, and how to install what they need."""


def rings(
    events: Events,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .ndjson or .parquet.")],
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help="components, community, dense_block, cash_out_block or pagerank; may be repeated; default: all.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Nothing later than this counts (RFC 3339 or ms); default: the end of the log."),
    ] = None,
    over: Annotated[str, typer.Option("--over", help="How far back trade counts, such as 30d.")] = OVER,
    valid: Annotated[str, typer.Option("--valid", help="How long a group holds after that moment.")] = VALID,
    mapping: MappingFile = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of community; same seed, same answer.")]
    = SEED,
    rejects: Annotated[Path | None, typer.Option("--rejects", help="Write refused records here (NDJSON).")] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Find who belongs together: rings, dense blocks, who is near confirmed cases; written as group events.

    [dim]bonafide rings events.parquet --out groups.ndjson --over 60d[/dim]
    """
    with errors_told():
        say(f"Reading {', '.join(str(p) for p in events)}")
        counts = _run(events, out, method, until, over, valid, mapping, seed, rejects, now)
    if as_json:
        show_json(counts._asdict())
    else:
        typer.echo(_text(counts, out))
    if counts.rejected:
        say(f"refused records: {counts.rejected:,}; " + (f"see {rejects}" if rejects else "--rejects FILE keeps them"))
        raise typer.Exit(Exit.REFUSED)


def _run(
    events: list[Path], out: Path, method: list[str] | None, until: str | None, over: str, valid: str,
    mapping: Path | None, seed: int, rejects: Path | None, now: str | None,
) -> RingCounts:  # fmt: skip
    from bonafide.core.moment import MOMENT_MAX, show_moment
    from bonafide.lab.inputs import RejectWriter, read_chunks
    from bonafide.lab.rings import LogUntil, check_target, group_rows, ties_of, write_groups

    methods = _methods(method)
    until_ms, over_ms, valid_ms = read_moment("--until", until), _span("--over", over), _span("--valid", valid)
    check_target(out)
    kept = [*events, *([mapping] if mapping is not None else [])]
    target = new_file("--out", out, kept)
    if target.exists() and not target.is_file():
        raise UsageError(f"--out {out}: this is a device or the like; name a file")
    rejects = None if rejects is None else new_file("--rejects", rejects, [*kept, target])
    found, now_ms = find_mapping(mapping), read_now(now)
    look_at_files(events, found)
    log, read = LogUntil(until_ms, over_ms), 0
    with RejectWriter(rejects) as writer, progress_bar("Reading the log") as bar:
        for chunk in read_chunks(events, found, now_ms, writer, unreadable=tell_unreadable):
            log.feed(chunk)
            read += chunk.read
            bar(chunk.bytes_done, chunk.bytes_total)
        refused = writer.total
    known = log.known()
    if known.until_ms + valid_ms > MOMENT_MAX:
        raise UsageError(f"--valid {valid}: ends after the year 9999; give a shorter span, or an earlier --until")
    ties = ties_of(known)
    groups, left_out = _find(methods, known, ties, seed, explicit=method is not None)
    number = write_groups(group_rows(groups, ties, known.until_ms, known.until_ms + valid_ms), target)
    return RingCounts(
        show_moment(known.until_ms), read, refused, known.payments.height, len(ties.users), len(ties.merchants),
        len(ties.uses), number,
        {
            name: {"groups": len(some), "subjects": len({int(n) for one in some for n in one.members})}
            for name, some in groups.items()
        },
        left_out,
    )  # fmt: skip


def _find(
    methods: Sequence[str], known: Known, ties: Ties, seed: int, *, explicit: bool
) -> tuple[dict[str, list[Found]], dict[str, str]]:
    """The groups by method, and the methods that lack a package; one that was asked for by name may not lack it."""
    from bonafide.lab.rings import MissingExtraError, find_groups

    groups: dict[str, list[Found]] = {}
    left_out: dict[str, str] = {}
    with stages_shown("Looking for groups") as stage:
        for number, name in enumerate(methods):
            stage(name, number, len(methods))
            try:
                groups[name] = find_groups(name, known, ties, seed)
            except MissingExtraError as error:
                if explicit:
                    raise
                left_out[name] = str(error)
    for told in left_out.values():
        say(f"left out: {told}")
    return groups, left_out


def _methods(asked: list[str] | None) -> list[str]:
    """The methods that `--method` names, each once, in the order in which they are written."""
    from bonafide.core.text import did_you_mean
    from bonafide.lab.rings import METHODS

    for name in asked or []:
        if name not in METHODS:
            raise UsageError(f"--method {name}: give {', '.join(METHODS)}{did_you_mean(name, METHODS)}")
    return [name for name in METHODS if asked is None or name in asked]


def _span(option: str, text: str) -> int:
    from bonafide.core.moment import parse_span

    try:
        return parse_span(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _text(counts: RingCounts, out: Path) -> str:
    lines = [
        f"read {counts.read:,}, until {counts.until}: {counts.payments:,} credit payments, {counts.users:,} users, "
        f"{counts.merchants:,} merchants, {counts.uses:,} shared uses",
        "",
        f"{'method':<16}{'groups':>8}{'subjects':>10}",
    ]
    for name, number in counts.by_method.items():
        lines.append(f"{name:<16}{number['groups']:>8,}{number['subjects']:>10,}")
    return "\n".join([*lines, "", f"{counts.events:,} group events; {out}"])
