"""`bonafide train`: a model from a log and its late, few labels, in a bundle of its own."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bonafide.apps.cli.engines import need_alone, new_folder, open_engine
from bonafide.apps.cli.evaluate import read_table
from bonafide.apps.cli.options import BundleName, Events, Force, Json, MappingFile, Now, Seed
from bonafide.apps.cli.replay import bundle_folder, find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json, stages_shown
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle
    from bonafide.lab.inputs import Mapping, RejectWriter
    from bonafide.lab.train.matrix import Matrix
    from bonafide.lab.train.study import Study

SEGMENTS = ("channel", "category")


class Only(StrEnum):
    """What can be fitted by itself."""

    MERCHANTS = "merchants"


def train(
    events: Events,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the trained bundle; made if need be.")],
    truth: Annotated[
        Path | None,
        typer.Option("--truth", "-t", help="truth.parquet: event_id, label, known_at; teaches what was known in time."),
    ] = None,
    bundle: BundleName = "paylater",
    mapping: MappingFile = None,
    segment: Annotated[
        list[str] | None,
        typer.Option("--segment", help="Field of payments by which the card compares; channel and category besides."),
    ] = None,
    only: Annotated[
        Only | None,
        typer.Option("--only", help="merchants: fit the merchants' card alone; the rest of the bundle stays as it is."),
    ] = None,
    now: Now = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Train a risk model on a log, by the labels that had arrived in time, and write a bundle with it.

    [dim]bonafide train events.parquet --out trained[/dim]
    """
    from bonafide.apps.cli.train_merchants import merchants_text, train_merchants
    from bonafide.lab.inputs import RejectWriter
    from bonafide.lab.train.written import MERCHANT_SCORECARD, SCORECARD

    with errors_told():
        segments = _segments(segment)
        found, now_ms = find_mapping(mapping), read_now(now)
        look_at_files(events, found)
        if only is not None:
            told = train_merchants(events, out, bundle, found, now_ms, force=force)
            if as_json:
                show_json(told)
            else:
                typer.echo(merchants_text(told, out))
            raise typer.Exit(Exit.REFUSED if told["refused"] else Exit.DONE)
        _need_libraries()
        labels = None if truth is None else read_table(truth)
        given = {"--truth": truth, "--bundle": None if bundle == "paylater" else bundle, "--mapping": mapping,
                 "--now": now, "--seed": seed or None}  # fmt: skip
        command = _command(events, out, given, segment or [])
        base = _base(bundle)
        folder = _out(out, force)
        with RejectWriter() as rejects:
            matrix = _gather(base.bundle, events, found, now_ms, segments, rejects)
            refused = rejects.total
        cards = {
            SCORECARD: _fit_scorecard(matrix, base.bundle),
            MERCHANT_SCORECARD: _fit_merchants(matrix, base.bundle),
        }
        study = _learn(matrix, labels, base.bundle, segments, seed)
        _write(study, base, folder, command, seed, {path: text for path, text in cards.items() if text is not None})
    if as_json:
        from bonafide.lab.train.study import as_json as figures

        show_json(figures(study))
    else:
        typer.echo(_summary(study, out))
    if refused:
        say(f"refused records: {refused:,}; bonafide replay writes each with its reason")
        raise typer.Exit(Exit.REFUSED)


def _need_libraries() -> None:
    """Say that a library is missing before a log is read for nothing."""
    from bonafide.lab.train.extras import lightgbm, sklearn

    lightgbm()
    sklearn("linear_model")


def _segments(asked: list[str] | None) -> list[str]:
    from bonafide.core.fields import FIELDS
    from bonafide.core.text import did_you_mean, shorten
    from bonafide.lab.train.matrix import is_segment

    for name in asked or []:
        if not is_segment(name):
            near = did_you_mean(name, [field for field in FIELDS if is_segment(field)])
            raise UsageError(
                f"--segment {shorten(name)}: name a field of payments that holds words or whole numbers{near}"
            )
    return list(dict.fromkeys((*SEGMENTS, *(asked or []))))


def _command(events: list[Path], out: Path, given: dict[str, Any], segments: list[str]) -> str:
    words = ["bonafide", "train", *map(str, events), "--out", str(out)]
    for option, value in given.items():
        words += [] if value is None else [option, str(value)]
    for name in segments:
        words += ["--segment", name]
    return shlex.join(words)


class _Base(NamedTuple):
    """What the model stands on."""

    bundle: Bundle
    """Reads all inputs and scores by its rules alone."""
    files: dict[str, bytes]
    hash: str
    """Of the bundle as it was named, without a model that it may have: training again gives the same card."""


def _base(name: str) -> _Base:
    """The bundle that `--bundle` names, without a model that it may have; where it declares no inputs, with all."""
    from bonafide.engine.bundle import load_bundle, untrained
    from bonafide.engine.bundles.files import read_sources
    from bonafide.engine.bundles.inputs import INPUTS, default_inputs
    from bonafide.lab.train.written import MADE, write_bundle

    folder = bundle_folder(name)
    named = need_alone(load_bundle(folder), name)
    files = {path: content for path, content in read_sources(folder).contents.items() if path not in MADE}
    if not named.inputs.model:
        say(f"{name} has no {INPUTS}, so the model reads every feature and field that is a number")
        files[INPUTS] = default_inputs(named.features, named.purpose).encode()
    with TemporaryDirectory() as place:
        write_bundle(Path(place), files, [])
        bundle = load_bundle(Path(place))
        return _Base(untrained(bundle), files, bundle.hash)


def _out(out: Path, force: bool) -> Path:
    folder = new_folder(out, force=force)
    known = {"bundle.yaml", "README.md", "NOTICE"}
    if any(folder.iterdir()) and not any((folder / name).is_file() for name in known):
        raise UsageError(f"--out {out}: holds files and is no bundle, so --force does not replace it; name another")
    return folder


def _gather(
    bundle: Bundle, events: list[Path], mapping: Mapping | None, now_ms: int | None, segments: list[str],
    rejects: RejectWriter,
) -> Matrix:  # fmt: skip
    from bonafide.lab.inputs import read_chunks
    from bonafide.lab.train.matrix import gather

    engine = open_engine(bundle)
    with progress_bar("Reading the log") as bar:
        chunks = read_chunks(events, mapping, now_ms, rejects, unreadable=tell_unreadable)
        return gather(
            engine, [str(path) for path in events], chunks, rejects, segments,
            lambda chunk: bar(chunk.bytes_done, chunk.bytes_total),
        )  # fmt: skip


def _learn(matrix: Matrix, truth: Any, bundle: Bundle, segments: list[str], seed: int) -> Study:
    from bonafide.lab.train.study import study
    from bonafide.lab.train.train import train as learn

    with stages_shown(f"Training on {matrix.n:,} payments") as stage:
        trained = learn(matrix, truth, seed, bundle.inputs.training, stage)
        return study(matrix, trained, truth, bundle.policy, segments, seed)


def _fit_scorecard(matrix: Matrix, bundle: Bundle) -> str | None:
    """The scorecard's file; None where the bundle declares no inputs for one, or too little is known of payers."""
    from bonafide.lab.train.scorecard_text import scorecard_text
    from bonafide.lab.train.scorecard_trial import fit_payers
    from bonafide.lab.train.snapshots import TARGET

    if not bundle.inputs.scorecard:
        return None
    try:
        fitted = fit_payers(matrix.payers, bundle.inputs.scorecard, matrix.last_ms)
    except UsageError as error:
        say(f"no scorecard: {error}")
        return None
    return scorecard_text(fitted, TARGET)


def _fit_merchants(matrix: Matrix, bundle: Bundle) -> str | None:
    """The merchants' card's file; None where the bundle declares no inputs for one, or too few were found out."""
    from bonafide.lab.train.graded_text import graded_text
    from bonafide.lab.train.graded_trial import fit_merchants
    from bonafide.lab.train.merchants import MERCHANT_TARGET

    if not bundle.inputs.merchant_scorecard:
        return None
    try:
        fitted = fit_merchants(matrix.merchants, bundle.inputs.merchant_scorecard, matrix.last_ms)
    except UsageError as error:
        say(f"no card of merchants: {error}")
        return None
    return graded_text(fitted, MERCHANT_TARGET)


def _write(told: Study, base: _Base, folder: Path, command: str, seed: int, cards: dict[str, str]) -> None:
    from bonafide.engine.bundles.files import read_sources
    from bonafide.lab.train.card import Origin, card_files
    from bonafide.lab.train.written import CARD, PAGE, model_files, write_bundle

    card, page = card_files(told, Origin(command, base.hash, seed))
    files = base.files | model_files(told.trained.model, told.trained.calibration)
    files |= {CARD: card.encode(), PAGE: page.encode()}
    files |= {path: text.encode() for path, text in cards.items()}
    stale = [name for name in read_sources(folder).contents if name not in files]
    write_bundle(folder, files, stale)


def _summary(told: Study, out: Path) -> str:
    from bonafide.lab.report.numbers import figure, percent
    from bonafide.lab.train.figures import MONEY

    t = told.trained
    pairs = [("by confirmed labels", t.by_confirmed, t.rules_by_confirmed)]
    if t.by_truth is not None and t.rules_by_truth is not None:
        pairs.append(("by the truth", t.by_truth, t.rules_by_truth))
    how = f"method {t.method}, {t.model.trees.number} trees; prior {percent(t.prior.among_all, 2)}"
    lines = [
        f"{told.matrix.n:,} payments; {how}",
        "", f"{'test part':<22}{'AP':>10}{'rules':>10}{'money':>10}{'rules':>10}",
    ]  # fmt: skip
    for name, model, rules in pairs:
        lines.append(
            f"{name:<22}{figure(model.values['ap']):>10}{figure(rules.values['ap']):>10}"
            f"{percent(model.values[MONEY]):>10}{percent(rules.values[MONEY]):>10}"
        )
    lines += [
        "(money: of cash-out, caught where 1 % of honest users are disturbed)",
        "",
        f"bundle {out}; see {out / 'model' / 'card.html'}",
    ]
    return "\n".join(lines)
