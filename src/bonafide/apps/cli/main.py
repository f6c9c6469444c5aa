"""`bonafide`: the commands and how they begin."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from bonafide.apps.cli.bundle import bundle_app
from bonafide.apps.cli.demo import demo
from bonafide.apps.cli.evaluate import evaluate
from bonafide.apps.cli.features import features
from bonafide.apps.cli.replay import replay
from bonafide.apps.cli.warmup import warmup

app = typer.Typer(
    name="bonafide", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]},
    help="Decides whether the trade behind each pay-later event is genuine, and says why.",
)  # fmt: skip
for command in (demo, replay, features, evaluate, warmup):
    app.command()(command)
app.add_typer(bundle_app, name="bundle")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bonafide {version('bonafide')}")
        raise typer.Exit


@app.callback()
def _begin(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Decides whether the trade behind each pay-later event is genuine, and says why."""


def main() -> None:
    """Run the command line."""
    app()
