"""`bonafide`: the commands and how they begin."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Final

import typer

from bonafide.apps.cli.access import access_app
from bonafide.apps.cli.appeal import appeal_app
from bonafide.apps.cli.audit import audit_app
from bonafide.apps.cli.backtest import backtest
from bonafide.apps.cli.backup import backup, restore
from bonafide.apps.cli.bench import bench
from bonafide.apps.cli.bundle_trial import bundle_app
from bonafide.apps.cli.case_files import case_app
from bonafide.apps.cli.demo import demo
from bonafide.apps.cli.drift import drift
from bonafide.apps.cli.education import education_app
from bonafide.apps.cli.evaluate import evaluate
from bonafide.apps.cli.explain import explain
from bonafide.apps.cli.exposure import exposure
from bonafide.apps.cli.features import features
from bonafide.apps.cli.journal import journal_app
from bonafide.apps.cli.lists import list_app
from bonafide.apps.cli.map import map_app
from bonafide.apps.cli.measure import measure_app
from bonafide.apps.cli.merchant import merchant_app
from bonafide.apps.cli.outbox import outbox_app
from bonafide.apps.cli.replay import replay
from bonafide.apps.cli.review import review_sample
from bonafide.apps.cli.rings import rings
from bonafide.apps.cli.rules import rules_app
from bonafide.apps.cli.rules_suggest import suggest_rules
from bonafide.apps.cli.scores import scores
from bonafide.apps.cli.screen import Exit, say_refused
from bonafide.apps.cli.serve import OTHER_OPTIONS, serve
from bonafide.apps.cli.simulate import simulate
from bonafide.apps.cli.subject import subject_app
from bonafide.apps.cli.trace import trace
from bonafide.apps.cli.train import train
from bonafide.apps.cli.tune import tune
from bonafide.apps.cli.warmup import warmup

_COMMANDS: Final = (
    demo,
    replay,
    serve,
    explain,
    trace,
    features,
    rings,
    evaluate,
    backtest,
    train,
    tune,
    drift,
    scores,
    exposure,
    review_sample,
    simulate,
    backup,
    restore,
    bench,
    warmup,
)
rules_app.command("suggest")(suggest_rules)
_GROUPS: Final = {
    "bundle": bundle_app, "rules": rules_app, "map": map_app, "journal": journal_app, "access": access_app,
    "audit": audit_app, "subject": subject_app, "outbox": outbox_app, "list": list_app,
    "merchant": merchant_app, "case": case_app,
    "measure": measure_app, "appeal": appeal_app, "education": education_app,
}  # fmt: skip
_EXAMPLE: Final = re.compile(r"\[dim\](bonafide .+)\[/dim\]")


def _examples(*commands: Callable[..., None]) -> str:
    """The example line of each command's docstring, for the end of the general help."""
    found = (_EXAMPLE.search(command.__doc__ or "") for command in commands)
    return "\n\n".join(["Examples:", *(f"[dim]{example[1]}[/dim]" for example in found if example)])


def _grouped(group: typer.Typer) -> Iterator[Callable[..., None]]:
    """The commands of a group, and of the groups in it."""
    yield from (command.callback for command in group.registered_commands if command.callback)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from _grouped(inner.typer_instance)


_GROUPED: Final = [command for group in _GROUPS.values() for command in _grouped(group)]

app = typer.Typer(
    name="bonafide", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]},
    help="Decides whether the trade behind each pay-later event is genuine, and says why.",
    epilog=_examples(*_COMMANDS, *_GROUPED),
)  # fmt: skip
for command in _COMMANDS:
    app.command(context_settings=OTHER_OPTIONS if command is serve else None)(command)
for title, group in _GROUPS.items():
    app.add_typer(group, name=title)


def _version(asked: bool) -> None:
    if asked:
        try:
            typer.echo(f"bonafide {version('bonafide')}")
        except PackageNotFoundError:
            typer.echo("bonafide, run from its sources without being installed")
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
    try:
        app()
    except OSError as error:  # what the results are printed to is full
        say_refused(error)
        sys.exit(Exit.STOPPED)
