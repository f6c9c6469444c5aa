"""`bonafide bundle trial`: another bundle beside one, in shadow or for some of the subjects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bonafide.apps.cli.bundle_life import bundle_app
from bonafide.apps.cli.engines import new_folder
from bonafide.apps.cli.options import Force
from bonafide.apps.cli.screen import errors_told, say
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
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write both to.", show_default=False)] = None,
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
