"""`bonafide replay`: real input through the engine."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bonafide.apps.cli.engines import new_folder, open_bundle, open_engine, secret_of
from bonafide.apps.cli.options import BundleName, Events, Force, Json, MappingFile, Now, OutFolder, Secret, SecretFile
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

RESULTS = ("decisions.parquet", "features.parquet", "truth.parquet", "rejects.ndjson", "summary.json")
BUNDLE_COPY = "bundle"
"""The folder beside the results that holds the bundle which decided."""
COPY_MARK = ".copied"
"""Stands in a folder that a replay made, which a later one may therefore replace; no bundle's hash covers it."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bonafide.core.errors import InputError
    from bonafide.engine.engine import Engine
    from bonafide.lab.inputs import Mapping
    from bonafide.lab.summary import Given, Summary


def replay(
    events: Events,
    out: OutFolder,
    bundle: BundleName = "paylater",
    mapping: MappingFile = None,
    features: Annotated[bool, typer.Option("--features", help="Also write features.parquet.")] = False,
    bundles: Annotated[
        Path | None,
        typer.Option(
            "--bundles",
            metavar="FOLDER",
            help="Where the log says that a bundle was activated, go on with the one in FOLDER/HASH.",
        ),
    ] = None,
    now: Now = None,
    secret: Secret = None,
    secret_file: SecretFile = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Decide on every event of a log: decisions, rejects and a summary.

    [dim]bonafide replay events.parquet --out results[/dim]
    """
    with errors_told():
        say(f"Reading {', '.join(str(p) for p in events)}")
        found, now_ms, key = find_mapping(mapping), read_now(now), secret_of(secret, secret_file)
        _look_at_bundles(bundles, features=features)
        look_at_files(events, found)
        read = open_bundle(bundle)
        folder = new_folder(out, force=force)
        engine = open_engine(read, key)
        keep_bundle(bundle_folder(bundle), folder, engine.bundle.hash, events)
        _clear_results(folder, events)
        given = given_by(mapping, now)
        summary = replay_files(
            engine, events, folder, mapping=found, now_ms=now_ms, features=features, given=given, bundles=bundles
        )
    if as_json:
        show_json(summary._asdict())
    else:
        typer.echo(summary_text(summary))
    if summary.refused:
        say(f"refused records: {summary.refused:,}; see {out / 'rejects.ndjson'}")
        raise typer.Exit(Exit.REFUSED)


def _look_at_bundles(bundles: Path | None, *, features: bool) -> None:
    """Refuses what `--bundles` cannot do before anything is made."""
    if bundles is None:
        return
    if not bundles.is_dir():
        raise UsageError(f"--bundles {bundles}: there is no such folder; name one that holds a folder for each hash")
    if features:
        raise UsageError("--bundles: features.parquet has the features of one bundle; leave --features out")


def _clear_results(folder: Path, inputs: list[Path]) -> None:
    """Remove what an earlier run left under the names of the results, so that none is taken for this run's."""
    kept = {path.resolve() for path in inputs}
    for name in RESULTS:
        if (folder / name).resolve() not in kept:
            (folder / name).unlink(missing_ok=True)


def keep_bundle(source: Path, folder: Path, content: str, inputs: list[Path]) -> None:
    """Copy the bundle that decides into the results, so that every decision can be explained after the bundle went on.

    `content` is the hash that was read. A copy of an earlier run gives way; anything else under its name is refused,
    except the bundle itself.
    """
    from bonafide.core.errors import StateError
    from bonafide.engine.bundles.files import content_hash, read_sources

    kept = folder / BUNDLE_COPY
    if kept.exists() and kept.resolve() == source.resolve():
        return
    files = read_sources(source).contents
    if content_hash(files) != content:
        raise StateError(f"{source}: the bundle changed while it was read; run it again")
    if kept.is_symlink() or (kept.exists() and not (kept / COPY_MARK).is_file()):
        raise UsageError(f"{kept}: is there and is no copy of a replay's bundle; move it, or choose another --out")
    if any(path.resolve().is_relative_to(kept.resolve()) for path in (*inputs, source)):
        raise UsageError(
            f"{kept}: holds what is read, and the bundle's copy would take its place; choose another --out"
        )
    if kept.exists():
        shutil.rmtree(kept)
    for name, content_bytes in files.items():
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_bytes(content_bytes)
    (kept / COPY_MARK).touch()


def bundle_folder(name: str) -> Path:
    """The folder that `--bundle` names."""
    from bonafide.engine.shipped import find_bundle

    return find_bundle(name)


def given_by(mapping: Path | None, now: str | None) -> Given:
    """How the replay was asked for, as its summary keeps it."""
    from bonafide.lab.summary import Given, printable

    return Given(None if mapping is None else printable(mapping), now, printable(Path.cwd()))


def replay_files(
    engine: Engine, events: list[Path], out: Path, *, mapping: Mapping | None = None, now_ms: int | None = None,
    features: bool = False, given: Given | None = None, bundles: Path | None = None,
) -> Summary:  # fmt: skip
    """Replay files into a folder, with progress on stderr; `bundles` holds those that the log activates."""
    from bonafide.lab.inputs import Chunk, RejectWriter, read_chunks
    from bonafide.lab.replay import WALK_ROWS, Replay, run_replay
    from bonafide.lab.succession import Succession

    def again() -> Iterator[Chunk]:
        with RejectWriter() as unwanted:
            yield from read_chunks(events, mapping, now_ms, unwanted, unreadable=lambda error: None)

    with RejectWriter(out / "rejects.ndjson") as rejects, progress_bar("Deciding") as bar:
        chunks = read_chunks(events, mapping, now_ms, rejects, unreadable=tell_unreadable)
        run = Replay(
            engine, out, events, rejects, features=features, given=given or given_by(None, None),
            succession=None if bundles is None else Succession(bundles, again, WALK_ROWS),
        )  # fmt: skip
        return run_replay(chunks, run, lambda chunk: bar(chunk.bytes_done, chunk.bytes_total), time.monotonic)


def find_mapping(name: Path | None) -> Mapping | None:
    """The mapping that `--mapping` names: a file, or a shipped one."""
    if name is None:
        return None
    from bonafide.core.text import did_you_mean
    from bonafide.engine.shipped import shipped_folder
    from bonafide.lab.inputs import load_mapping

    shipped = {path.stem: path for path in sorted(shipped_folder("mappings").glob("*.yaml"))}
    if not name.exists() and str(name) not in shipped:
        near = did_you_mean(str(name), shipped)
        raise UsageError(f"--mapping {name}: there is no such file, and no shipped mapping of this name{near}")
    return load_mapping(name if name.exists() else shipped[str(name)])


def look_at_files(events: list[Path], mapping: Mapping | None) -> None:
    """Finds out whether there are such files before anything is made or compiled for them."""
    from bonafide.core.errors import InputError
    from bonafide.lab.inputs.sniff import recognise

    for path in events:
        with suppress(InputError):  # told where the file is read, and counted as refused
            recognise(path, mapping is not None)


def tell_unreadable(error: InputError) -> None:
    """Say at once that a whole file cannot be read."""
    say(f"bonafide: {error}")


def read_now(text: str | None) -> int | None:
    """The moment that `--now` gave."""
    from bonafide.core.moment import parse_moment
    from bonafide.core.text import shorten

    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageError(f"--now {shorten(text)}: {error}") from None


_FAULTS: Final = {
    "missing: currency": "; amounts in a currency without a rate in bundle.yaml are not compared with anything",
}
"""What a fault means for whoever reads a summary."""


def summary_text(summary: Summary) -> str:
    """A summary as people read it, every currency on a line of its own."""
    lines = [
        f"read {summary.read:,}: decided {summary.decided:,}, taught {summary.taught:,}, duplicate "
        f"{summary.duplicate:,}, conflict {summary.conflict:,}, rejected {summary.rejected:,}"
    ]
    if summary.generated_verdicts:
        lines.append(f"{summary.generated_verdicts:,} labels became verdicts")
    if summary.first_time is not None:
        lines.append(f"from {summary.first_time} to {summary.last_time}")
    lines += ["", f"{'outcome':<9}{'events':>12}{'money':>28}"]
    for outcome, number in summary.by_outcome.items():
        first, *others = _moneys(summary.money_by_currency[outcome]) or ["-"]
        lines += [f"{outcome:<9}{number:>12,}{first:>28}", *(f"{'':<21}{other:>28}" for other in others)]
    for fault, number in summary.by_fault.items():
        lines += ["", f"{number:,} decisions lack something: {fault}{_FAULTS.get(fault, '')}"]
    return "\n".join(
        [
            *lines,
            "",
            f"bundle {summary.bundle[:16]}, decisions digest {summary.digest[:16]}",
            f"{summary.seconds:.1f} s, {summary.events_per_second:,.0f} events/s, peak memory "
            f"{summary.peak_memory_bytes / 2**20:,.0f} MiB",
        ]
    )


def _moneys(by_currency: dict[str, int]) -> list[str]:
    from bonafide.core.money import show_money

    return [show_money(amount, currency) for currency, amount in by_currency.items()]
