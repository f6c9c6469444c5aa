"""`bonafide exposure`: what is open on credit, what of it will be lost, how funds flow, who may be gone soon."""

from __future__ import annotations

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from bonafide.apps.cli.engines import new_folder, open_bundle, open_engine
from bonafide.apps.cli.explain import Language
from bonafide.apps.cli.options import Events, Force, Json, MappingFile, Now, OutFolder, read_moment
from bonafide.apps.cli.replay import find_mapping, look_at_files, read_now, replay_files, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json, stages_shown
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from bonafide.lab.exposure.log import Known
    from bonafide.lab.exposure.run import Made
    from bonafide.lab.inputs import Mapping
    from bonafide.lab.rings import LogUntil

FIGURES, PAGE, TEXT, MERCHANTS, DAYS, WARNINGS, REJECTS = (
    "exposure.json", "report.html", "report.md", "merchants.parquet", "days.parquet", "warnings.parquet",
    "rejects.ndjson",
)  # fmt: skip
RING_DAYS: Final = 60
HORIZONS: Final = "30,60"
SEED: Final = 7


class _Decided(NamedTuple):
    """What a replay of the log decided."""

    decisions: pl.DataFrame
    features: pl.DataFrame


class _Read(NamedTuple):
    """What the log told."""

    known: Known
    ties: LogUntil
    read: int
    refused: int


def exposure(
    events: Events,
    out: OutFolder,
    bundle: Annotated[
        str | None,
        typer.Option(
            "--bundle", "-b", show_default=False,
            help="Also replay the log with this bundle: payers it alerts on stand apart, and there are early warnings.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Nothing that came later counts (RFC 3339 or ms); default: the end of the log."),
    ] = None,
    horizons: Annotated[
        str, typer.Option("--horizons", help="Days to look ahead: multiples of 30; 90 is too sure.")
    ] = HORIZONS,
    mapping: MappingFile = None,
    now: Now = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of the draws; same seed, same answer.")]
    = SEED,
    lang: Annotated[Language, typer.Option("--lang", "-l", help="Of the report.")] = Language.EN,
    force: Force = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """What is open on credit and what of it will be lost: by merchant, ring and vintage, under stress; fund flow.

    [dim]bonafide exposure events.parquet --out exposure --bundle paylater[/dim]
    """
    with errors_told():
        from bonafide.lab.exposure.run import Asked, check_horizons

        days = _horizons(horizons)
        check_horizons(days)
        as_of_ms, found, now_ms = read_moment("--as-of", as_of), find_mapping(mapping), read_now(now)
        look_at_files(events, found)
        folder = new_folder(out, force=force)
        read = _read(events, found, now_ms, as_of_ms, folder)
        with TemporaryDirectory(prefix="bonafide-exposure-") as name:
            decided = None if bundle is None else _decide(events, bundle, found, now_ms, Path(name))
            made = _measure(read, Asked(days, seed, bundle=bundle), decided)
        command = _command(events, out, {
            "--bundle": bundle, "--as-of": as_of, "--horizons": None if horizons == HORIZONS else horizons,
            "--mapping": mapping, "--now": now, "--seed": None if seed == SEED else seed,
            "--lang": None if lang is Language.EN else lang.value,
        })  # fmt: skip
        _write(made, folder, command, lang)
    _show(made, out, as_json=as_json)
    if read.refused:
        say(f"refused records: {read.refused:,}; see {out / REJECTS}")
        raise typer.Exit(Exit.REFUSED)


def _horizons(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--horizons {text}: give days, such as {HORIZONS}") from None


def _read(events: list[Path], mapping: Mapping | None, now_ms: int | None, as_of_ms: int | None, out: Path) -> _Read:
    from bonafide.core.moment import DAY_MS
    from bonafide.lab.exposure.log import CreditLog, arrived_of
    from bonafide.lab.inputs import RejectWriter, read_chunks
    from bonafide.lab.rings import LogUntil

    log, ties, read = CreditLog(), LogUntil(as_of_ms, RING_DAYS * DAY_MS), 0
    with RejectWriter(out / REJECTS) as rejects, progress_bar("Reading the log") as bar:
        for chunk in read_chunks(events, mapping, now_ms, rejects, unreadable=tell_unreadable):
            frame = chunk.frame
            if as_of_ms is not None and not frame.is_empty():
                frame = frame.filter(arrived_of(frame, log.latest_ms) <= as_of_ms)
            ties.feed(chunk._replace(frame=frame, truth=None))
            log.feed(chunk)
            read += chunk.read
            bar(chunk.bytes_done, chunk.bytes_total)
        return _Read(log.until(as_of_ms), ties, read, rejects.total)


def _decide(events: list[Path], bundle: str, mapping: Mapping | None, now_ms: int | None, out: Path) -> _Decided:
    import polars as pl

    from bonafide.lab.exposure.warning.rows import DECIDED, feature_columns

    replay_files(open_engine(open_bundle(bundle)), events, out, mapping=mapping, now_ms=now_ms, features=True)
    decisions = pl.read_parquet(out / "decisions.parquet", columns=list(DECIDED))
    features = pl.scan_parquet(out / "features.parquet")
    some = features.select(feature_columns(features.collect_schema().names()))
    return _Decided(decisions, some.join(decisions.lazy().select("event_id"), on="event_id", how="semi").collect())


def _measure(read: _Read, asked: Any, decided: _Decided | None) -> Made:
    from bonafide.lab.exposure.groups import by_ring
    from bonafide.lab.exposure.ledger import ledger_of
    from bonafide.lab.exposure.run import measure, risky_since
    from bonafide.lab.exposure.warning.warn import all_warnings
    from bonafide.lab.rings import find_groups, ties_of

    ledger = ledger_of(read.known)
    ties = ties_of(read.ties.known())
    rings = by_ring(ledger, ties, find_groups("components", read.ties.known(), ties, asked.seed))
    risky = None if decided is None else risky_since(ledger, decided.decisions)
    warnings = None
    if decided is not None:
        try:
            warnings = all_warnings(decided.decisions, decided.features, read.known)
        except UsageError as error:
            say(str(error))
    with stages_shown("Measuring") as stage:
        return measure(read.known, ledger, rings, asked, risky_from=risky, warnings=warnings, stage=stage)


def _command(events: list[Path], out: Path, options: dict[str, Any]) -> str:
    words = ["bonafide", "exposure", *(str(path) for path in events), "--out", str(out)]
    for option, value in options.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)


def _write(made: Made, folder: Path, command: str, lang: Language) -> None:
    import msgspec

    from bonafide.lab.exposure.page import exposure_html, exposure_markdown

    text = msgspec.json.format(msgspec.json.encode(made.told), indent=1)
    (folder / FIGURES).write_bytes(text + b"\n")
    (folder / PAGE).write_text(exposure_html(made.told, command, lang.value), encoding="utf-8")
    (folder / TEXT).write_text(exposure_markdown(made.told, command, lang.value), encoding="utf-8")
    made.merchants.write_parquet(folder / MERCHANTS)
    made.flow.days.write_parquet(folder / DAYS)
    if made.warnings is not None:
        made.warnings.write_parquet(folder / WARNINGS)


def _show(made: Made, out: Path, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        show_json(msgspec.to_builtins(made.told))
        return
    from bonafide.lab.exposure.page import exposure_text

    typer.echo(exposure_text(made.told))
    typer.echo(f"\n{out / PAGE}")
