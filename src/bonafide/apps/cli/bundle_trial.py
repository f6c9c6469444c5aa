"""`bonafide bundle trial, arms`: another bundle beside one, and what came of it in each arm of a rollout."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.bundle_life import bundle_app
from bonafide.apps.cli.engines import new_folder
from bonafide.apps.cli.evaluate import Labels
from bonafide.apps.cli.explain import Language
from bonafide.apps.cli.options import Force, Json, OutFolder, read_moment
from bonafide.apps.cli.screen import errors_told, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle
    from bonafide.engine.bundles.head import TrialHead

__all__ = ["bundle_app"]

CONTROL: Final = 10.0


@bundle_app.command()
def trial(
    champion: Annotated[str, typer.Argument(help="The bundle that decides: a folder, or a shipped one; one that holds "
                                            "a trial, to change how it is tried.", show_default=False)],
    challenger: Annotated[
        str | None, typer.Argument(help="The bundle to try beside it; default: the one that is tried.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write both to.", show_default=False)
    ] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="It decides for nobody; what it would say is kept.")] = False,
    percent: Annotated[
        float | None,
        typer.Option("--percent", min=0, max=100, help="It decides for so many of a hundred subjects.",
                     show_default=False),
    ] = None,
    control: Annotated[
        float | None,
        typer.Option("--control", min=0, max=100, show_default=False,
                     help="So many of a hundred stay with the champion whatever the percentage grows to; default 10."),
    ] = None,
    salt: Annotated[
        str | None,
        typer.Option("--salt", help="A text; with the same one everybody stays in their arm.", show_default=False),
    ] = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Put another bundle beside the one that decides: in shadow, or deciding for some of the subjects.

    [dim]bonafide bundle trial paylater mine --percent 20 --salt "2026-11 fewer alarms" --out mine-trial[/dim]
    """
    from bonafide.apps.cli.bundle_text import trial_as_text
    from bonafide.engine.bundle import load_bundle
    from bonafide.engine.bundles.files import read_sources
    from bonafide.engine.bundles.trial_files import challenger_files, trial_files
    from bonafide.engine.shipped import find_bundle

    with errors_told():
        if out is None:
            raise UsageError("--out: name the folder to write both to")
        bundle = load_bundle(find_bundle(champion))
        ours = read_sources(find_bundle(champion)).contents
        if challenger is None and bundle.trial is None:
            raise UsageError(f"{champion}: holds no trial yet; name the bundle to try beside it as well")
        other = challenger_files(ours) if challenger is None else read_sources(find_bundle(challenger)).contents
        if challenger is not None:
            load_bundle(find_bundle(challenger))
        told = _told(bundle, percent, control, salt, shadow=shadow)
        folder = new_folder(out, force=force)
        for name, text in trial_files(ours, other, told).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text)
        written = load_bundle(folder)
        assert written.trial is not None
    typer.echo(trial_as_text(written.trial))
    say(f"{folder} holds both, {written.hash}; next: bonafide bundle check {folder}")


def _told(
    bundle: Bundle, percent: float | None, control: float | None, salt: str | None, *, shadow: bool
) -> TrialHead:  # fmt: skip
    """How it is tried: as asked for, else as before."""
    from bonafide.engine.bundles.head import TrialHead

    if shadow:
        if (percent, control, salt) != (None, None, None):
            raise UsageError("--shadow: it decides for nobody; leave --percent, --control and --salt out")
        return TrialHead("shadow")
    before = bundle.trial if bundle.trial is not None and bundle.trial.is_rollout else None
    if percent is None:
        raise UsageError("--percent: say for how many of a hundred subjects it decides, or --shadow")
    if salt is None and before is None:
        raise UsageError("--salt: give a text such as the month and what is tried; subjects are drawn by it")
    share = CONTROL if before is None else float(before.percent_control)
    kept = "" if before is None else before.salt
    return TrialHead("rollout", percent, share if control is None else control, kept if salt is None else salt)


@bundle_app.command()
def arms(
    decisions: Annotated[
        Path, typer.Argument(help="decisions.parquet of a replay of the log, or its folder.", show_default=False)
    ],
    bundle: Annotated[str, typer.Option("--trial", help="The bundle whose rollout it is.", show_default=False)],
    out: OutFolder,
    truth: Annotated[
        Path | None, typer.Option("--truth", "-t", help="truth.parquet: event_id, label and more.", show_default=False)
    ] = None,
    labels: Annotated[
        Labels, typer.Option("--labels", help="Judge by the latent truth, or by the labels that had arrived.")
    ] = Labels.LATENT,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="With --labels arrived: by this moment.", show_default=False)
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", "-l", help="Of the report.")] = Language.EN,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Compare the arms of a rollout: alerts, money, honest people, cash-out, and whether they were alike before.

    [dim]bonafide bundle arms replayed --trial mine-trial --truth truth.parquet --out compared[/dim]
    """
    import msgspec

    from bonafide.apps.cli.engines import open_bundle
    from bonafide.apps.cli.evaluate import read_table
    from bonafide.lab.arms.compare import compare_arms
    from bonafide.lab.arms.page import arms_html
    from bonafide.lab.arms.text import arms_text

    with errors_told():
        told = open_bundle(bundle)
        if told.trial is None or not told.trial.is_rollout:
            raise UsageError(
                f"--trial {bundle}: this bundle has no rollout; for a shadow see bonafide backtest --trial"
            )
        file = decisions / "decisions.parquet" if decisions.is_dir() else decisions
        table = read_table(file)
        judging = _labels(truth, labels, as_of, table)
        folder = new_folder(out, force=force)
        result = compare_arms(table, told.hash, told.trial, judging)
        words = ["bonafide", "bundle", "arms", str(decisions), "--trial", bundle]
        words += [] if truth is None else ["--truth", str(truth)]
        words += [] if labels is Labels.LATENT else ["--labels", labels.value]
        words += [] if as_of is None else ["--as-of", as_of]
        command = shlex.join([*words, "--out", str(out)])
        page = arms_html(result, command, "zh" if lang is Language.ZH else "en")
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "arms.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    if as_json:
        show_json(msgspec.to_builtins(result))
    else:
        typer.echo(arms_text(result))
    say(f"Report: {out / 'report.html'}; figures: {out / 'arms.json'}")


def _labels(truth: Path | None, kind: Labels, as_of: str | None, table: Any) -> Any:
    """The labels that judge; None where no table was given."""
    from bonafide.apps.cli.evaluate import read_table
    from bonafide.lab.chosen_labels import choose_labels

    moment = read_moment("--as-of", as_of)
    if truth is None:
        if kind is Labels.ARRIVED or as_of is not None:
            raise UsageError("--labels arrived, --as-of: say of which labels with --truth")
        return None
    if kind is Labels.LATENT and as_of is not None:
        raise UsageError("--as-of: the latent truth has no moment; add --labels arrived")
    if kind is Labels.ARRIVED and moment is None:
        moment = int(table["time"].dt.epoch("ms").max() or 0)
    return choose_labels(read_table(truth), "latent" if kind is Labels.LATENT else "arrived", moment)
