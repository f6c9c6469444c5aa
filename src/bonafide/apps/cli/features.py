"""`bonafide features`: declared features of a log, a row per accepted event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.engines import ready_kernels, secret_of
from bonafide.apps.cli.options import Events, Json, MappingFile, Now, Secret, SecretFile
from bonafide.apps.cli.replay import find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json

if TYPE_CHECKING:
    from bonafide.lab.feature_run import FeatureCounts


def features(
    events: Events,
    spec: Annotated[Path, typer.Option("--spec", help="YAML list of features, or a bundle's features.yaml.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Parquet file to write.")],
    mapping: MappingFile = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", help="Count amounts in this currency; default: the first that the log names."),
    ] = None,
    rejects: Annotated[Path | None, typer.Option("--rejects", help="Write refused records here (NDJSON).")] = None,
    now: Now = None,
    secret: Secret = None,
    secret_file: SecretFile = None,
    as_json: Json = False,
) -> None:
    """Compute declared features: event_id, seq and a column per feature.

    [dim]bonafide features events.parquet --spec features.yaml --out features.parquet[/dim]
    """
    with errors_told():
        say(f"Reading {', '.join(str(p) for p in events)}")
        counts = _run(events, spec, out, mapping, currency, rejects, now, secret_of(secret, secret_file))
    if as_json:
        show_json(counts._asdict())
    else:
        typer.echo(
            f"read {counts.read:,}: accepted {counts.accepted:,}, duplicate {counts.duplicate:,}, conflict "
            f"{counts.conflict:,}, rejected {counts.rejected:,}; amounts in {counts.currency}; {out}"
        )
    refused = counts.rejected + counts.conflict
    if refused:
        say(f"refused records: {refused:,}; " + (f"see {rejects}" if rejects else "--rejects FILE keeps them"))
        raise typer.Exit(Exit.REFUSED)


def _run(
    events: list[Path], spec: Path, out: Path, mapping: Path | None, currency: str | None, rejects: Path | None,
    now: str | None, secret: bytes | None,
) -> FeatureCounts:  # fmt: skip
    from bonafide.core.errors import ConfigError, UsageError
    from bonafide.engine.engine import DEFAULT_SECRET
    from bonafide.engine.features.spec import parse_features
    from bonafide.engine.rules.source import read_yaml_with_places
    from bonafide.lab.feature_run import FeatureRun, run_features
    from bonafide.lab.inputs import RejectWriter, read_chunks

    if not spec.is_file():
        raise ConfigError(str(spec), "is a folder; name a file" if spec.is_dir() else "there is no such file")
    declared = parse_features(read_yaml_with_places(spec.read_bytes(), str(spec)), str(spec))
    _check_currency(currency)
    kept = [*events, spec, *([mapping] if mapping is not None else [])]
    out = new_file("--out", out, kept)
    if out.exists() and not out.is_file():
        raise UsageError(f"--out {out}: this is a device or the like; name a file")
    rejects = None if rejects is None else new_file("--rejects", rejects, [*kept, out])
    found, now_ms = find_mapping(mapping), read_now(now)
    look_at_files(events, found)
    key = secret or DEFAULT_SECRET
    kernels = ready_kernels()
    out.parent.mkdir(parents=True, exist_ok=True)
    with RejectWriter(rejects) as writer, progress_bar("Computing features") as bar:
        run = FeatureRun(declared, out, events, writer, kernels, key, currency)
        chunks = read_chunks(events, found, now_ms, writer, unreadable=tell_unreadable)
        return run_features(chunks, run, lambda c: bar(c.bytes_done, c.bytes_total))


def new_file(option: str, path: Path, kept: list[Path]) -> Path:
    """Where a result may be written: through links, never over what is read."""
    from bonafide.core.errors import UsageError

    target = path.resolve()
    if target.is_dir():
        raise UsageError(f"{option} {path}: this is a folder; name a file")
    if any(target == other.resolve() for other in kept):
        raise UsageError(f"{option} {path}: this file is also read, or written to; name another")
    return target


def _check_currency(currency: str | None) -> None:
    from bonafide.core.errors import UsageError
    from bonafide.core.fields import FIELDS
    from bonafide.core.text import did_you_mean

    known = FIELDS["currency"].words
    if currency is not None and currency not in known:
        near = did_you_mean(currency, known)
        raise UsageError(f"--currency {currency}: give an ISO 4217 code such as CNY{near}")
