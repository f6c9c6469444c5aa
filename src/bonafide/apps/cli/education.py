"""`bonafide education`: what people are told so that they refuse cash-out, and whether it helps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import opened
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

education_app = typer.Typer(no_args_is_help=True, help="What people are told of cash-out: list, figures.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
BundleOption = Annotated[str, typer.Option("--bundle", help="A bundle's folder, or the name of a shipped one.")]


@education_app.callback()
def _education() -> None:
    """What people are told of cash-out: list, figures."""


@education_app.command("list")
def list_pieces(bundle: BundleOption = "paylater", as_json: Json = False) -> None:
    """Show what a bundle has people told, in both languages.

    [dim]bonafide education list --bundle paylater[/dim]
    """
    from bonafide.engine.shipped import find_bundle
    from bonafide.office.education.loading import taught_of

    with errors_told():
        education = taught_of(find_bundle(bundle)).education
    if education is None:
        say(f"bonafide: the bundle {bundle} has no education.yaml, or it has mistakes; bonafide bundle check tells")
        raise typer.Exit(Exit.NO)
    pieces: list[dict[str, Any]] = [
        {"piece": one.id, "level": one.level, "strategy": one.strategy, "typologies": list(one.typologies),
         "zh": text.zh, "en": text.en, "asks": [{"zh": ask.zh, "en": ask.en} for ask in one.asks]}
        for one in education.pieces for text in [education.text_of(one)]
    ]  # fmt: skip
    if as_json:
        show_json({"salt": education.salt, "holdout_percent": education.holdout_percent, "pieces": pieces})
        return
    for one in pieces:
        about = ", ".join(one["typologies"]) or "any typology"
        asks = "".join(f"\n  ? {ask['zh']}\n  ? {ask['en']}" for ask in one["asks"])
        typer.echo(f"{one['piece']}  {one['level']}, {one['strategy']}, {about}\n  {one['zh']}\n  {one['en']}{asks}\n")


@education_app.command()
def figures(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show whether it helps: who was shown something against who was held out, with 95 % intervals.

    [dim]bonafide education figures --data bonafide-data[/dim]
    """
    from bonafide.office.education.figures import figures as figures_of

    with errors_told(), opened(data) as office:
        found = figures_of(office.store)
    if as_json:
        show_json(found)
        return
    if not found["drawings"]:
        typer.echo("nothing")
    for drawing in found["drawings"]:
        typer.echo(f"salt {drawing['salt']}, {drawing['running']:,} whose time is not over")
        for name, compared in {"all": drawing["all"], **drawing["by_level"]}.items():
            typer.echo("\n".join(_lines(name, compared)))


def _lines(name: str, compared: dict[str, Any]) -> list[str]:
    shown, held = compared["shown"], compared["held_out"]
    lines = [f"{name}: {shown['subjects']:,} shown, {held['subjects']:,} held out"]
    for what, count, told in (
        ("reoffence", "reoffended", "did it again"), ("abandoned", "abandoned", "gave up an honest order"),
    ):  # fmt: skip
        found = compared[what]
        if found is not None:
            low, high = found["interval"]
            lines.append(f"  {told}: {shown[count]:,} shown, {held[count]:,} held out; difference "
                         f"{found['difference']:+.2%} ({low:+.2%} to {high:+.2%})")  # fmt: skip
    return lines
