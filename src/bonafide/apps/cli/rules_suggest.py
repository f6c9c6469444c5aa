"""`bonafide rules suggest`: short rules mined from labelled payments."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.engines import open_alone, open_engine
from bonafide.apps.cli.evaluate import Labels, read_table
from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import BundleName, Events, Json, MappingFile, Now, read_moment
from bonafide.apps.cli.replay import find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.lab.suggest.study import Asked, Suggestions

PRECISION: Final = 0.5
CASH_OUT: Final = 5
RULES: Final = 3


def suggest_rules(
    events: Events,
    truth: Annotated[
        Path,
        typer.Option("--truth", "-t", help="truth.parquet: event_id, label, typology, known_at."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the rules, in YAML.")],
    bundle: BundleName = "paylater",
    typology: Annotated[
        list[str] | None,
        typer.Option("--typology", help="Only this kind; may be given again. Default: all.", show_default=False),
    ] = None,
    labels: Annotated[
        Labels, typer.Option("--labels", help="Learn from the labels that had arrived, or from the latent truth.")
    ] = Labels.ARRIVED,
    split: Annotated[
        str | None, typer.Option("--split", help="Search what lies before this moment; default 60 % of the time.")
    ] = None,
    precision_min: Annotated[
        float, typer.Option("--precision-min", min=0.01, max=1.0, help="Share of the kind among what a rule holds on.")
    ] = PRECISION,
    support_min: Annotated[
        int, typer.Option("--support-min", min=2, help="Payments of the kind that a rule must hold on.")
    ] = CASH_OUT,
    examples: Annotated[
        Path | None,
        typer.Option(
            "--examples",
            metavar="FILE",
            show_default=False,
            help="Also write examples for the bundle's folder examples/, found in the log; takes minutes.",
        ),
    ] = None,
    rules_max: Annotated[int, typer.Option("--rules-max", min=1, max=20, help="Rules of each kind at most.")] = RULES,
    mapping: MappingFile = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Mine rules of at most three conditions from labelled payments, judged on a later part of the log.

    [dim]bonafide rules suggest events.parquet --truth truth.parquet --out suggested.yaml[/dim]
    """
    with errors_told():
        from bonafide.lab.inputs import RejectWriter
        from bonafide.lab.suggest.study import Asked

        file = new_file("--out", out, [*events, truth])
        beside = None if examples is None else new_file("--examples", examples, [*events, truth, out])
        wanted = precision_min, support_min, rules_max
        asked = _asked(Asked(), typology, labels, read_moment("--split", split), wanted)
        table, found = read_table(truth), find_mapping(mapping)
        look_at_files(events, found)
        with RejectWriter() as rejects:
            told, lacking, matrix = _suggest(events, table, bundle, asked, found, read_now(now), rejects)
            refused = rejects.total
        if beside is not None:
            _with_examples(told, matrix, table, events, found, read_now(now), bundle, beside)
        file.write_text(_yaml(told, events, truth, out, bundle, {
            "--typology": typology, "--labels": None if labels is Labels.ARRIVED else labels.value, "--split": split,
            "--precision-min": None if precision_min == PRECISION else precision_min,
            "--support-min": None if support_min == CASH_OUT else support_min,
            "--rules-max": None if rules_max == RULES else rules_max, "--examples": examples, "--mapping": mapping,
            "--now": now,
        }), encoding="utf-8")  # fmt: skip
    _show(told, out, lacking, as_json=as_json)
    if refused:
        say(f"refused records: {refused:,}; bonafide replay writes each with its reason")
        raise typer.Exit(Exit.REFUSED)
    if not told.rules:
        raise typer.Exit(Exit.NO)


def _asked(
    asked: Asked, typologies: list[str] | None, labels: Labels, split_ms: int | None, wanted: tuple[float, int, int]
) -> Asked:  # fmt: skip
    from bonafide.core.text import did_you_mean
    from bonafide.engine.bundle import TYPOLOGIES

    for name in typologies or ():
        if name not in TYPOLOGIES:
            raise UsageError(f"--typology {name}: there is no such kind{did_you_mean(name, TYPOLOGIES)}")
    precision, support, most = wanted
    return asked._replace(
        labels="latent" if labels is Labels.LATENT else "arrived", split_ms=split_ms,
        typologies=tuple(dict.fromkeys(typologies or TYPOLOGIES)),
        wanted=replace(asked.wanted, precision_min=precision, cash_out_min=support, rules_max=most),
    )  # fmt: skip


def _suggest(
    events: list[Path], truth: Any, bundle: str, asked: Asked, mapping: Any, now_ms: int | None, rejects: Any
) -> tuple[Suggestions, list[str], Any]:  # fmt: skip
    """What was found, less the rules that `rules check` has something against, which are named."""
    from bonafide.lab.inputs import read_chunks
    from bonafide.lab.suggest.study import suggest
    from bonafide.lab.suggest.terms import reading, terms_of
    from bonafide.lab.suggest.written import without_mistakes
    from bonafide.lab.train.matrix import gather

    base = open_alone(bundle)
    terms = terms_of(base)
    engine = open_engine(reading(base, terms))
    with progress_bar("Reading the log") as bar:
        chunks = read_chunks(events, mapping, now_ms, rejects, unreadable=tell_unreadable)
        matrix = gather(
            engine, [str(path) for path in events], chunks, rejects,
            progress=lambda chunk: bar(chunk.bytes_done, chunk.bytes_total),
        )  # fmt: skip
    with progress_bar("Searching") as bar:
        told = suggest(matrix, terms, truth, base, asked, bar)
    return (*without_mistakes(told, base), matrix)


def _with_examples(
    told: Suggestions, matrix: Any, truth: Any, events: list[Path], mapping: Any, now_ms: int | None, bundle: str,
    file: Path,
) -> None:  # fmt: skip
    """Write examples; rules of which none is found are said, and stay."""
    import polars as pl

    from bonafide.apps.cli.engines import ready_kernels
    from bonafide.lab.inputs import RejectWriter, read_chunks
    from bonafide.lab.suggest.examples import Examples, examples_yaml
    from bonafide.lab.suggest.study import fired

    with RejectWriter() as rejects:
        frames = [chunk.frame for chunk in read_chunks(events, mapping, now_ms, rejects, unreadable=tell_unreadable)]
    finder = Examples(pl.concat(frames, how="diagonal_relaxed"), open_alone(bundle), ready_kernels())
    shown, without = [], []
    with progress_bar("Finding examples") as bar:
        for number, rule in enumerate(told.rules):
            one = finder.of(rule, fired(rule, matrix, truth))
            if one is None:
                without.append(rule.id)
            else:
                shown.append(one)
            bar(number + 1, len(told.rules))
    file.write_text(examples_yaml(shown), encoding="utf-8")
    say(f"Examples: {file}")
    if without:
        say(f"without a short example: {', '.join(without)}")


def _yaml(
    told: Suggestions, events: list[Path], truth: Path, out: Path, bundle: str, given: dict[str, Any]
) -> str:  # fmt: skip
    from bonafide.lab.suggest.written import rules_yaml

    words = ["bonafide", "rules", "suggest", *map(str, events), "--truth", str(truth), "--out", str(out)]
    for option, value in ({"--bundle": None if bundle == "paylater" else bundle} | given).items():
        for one in value if isinstance(value, list) else [value]:
            words += [] if one is None else [option, str(one)]
    return rules_yaml(told, shlex.join(words))


def _show(told: Suggestions, out: Path, lacking: list[str], *, as_json: bool) -> None:
    from bonafide.lab.suggest.written import as_builtins, suggestions_text

    if as_json:
        show_json(as_builtins(told) | {"refused_by_check": lacking})
    else:
        typer.echo(suggestions_text(told))
    if lacking:
        say(f"left out, because rules check has something against them: {', '.join(lacking)}")
    say(f"Rules: {out}")
