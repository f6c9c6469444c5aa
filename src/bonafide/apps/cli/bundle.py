"""`bonafide bundle`: make, check, show, compare and try out bundles."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.engines import new_folder, ready_kernels
from bonafide.apps.cli.options import Force, Json
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.core.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle
    from bonafide.engine.bundles.files import Sources

STARTER = "starter"
"""The shipped bundle that new ones begin as."""

bundle_app = typer.Typer(no_args_is_help=True, help="Make, check, show, compare and try out bundles.")

Name = Annotated[str, typer.Argument(help="A bundle's folder, or the name of a shipped one.")]


@bundle_app.callback()
def _bundle() -> None:
    """Make, check, show, compare and try out bundles."""


@bundle_app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and -.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write it to; default: its name.", show_default=False)
    ] = None,
    force: Force = False,
) -> None:
    """Write a small working bundle to begin with: one of each thing, with comments and examples.

    [dim]bonafide bundle new mine --out mine[/dim]
    """
    from bonafide.engine.bundles.head import NAME
    from bonafide.engine.shipped import find_bundle

    with errors_told():
        if not NAME.fullmatch(name):
            told = "a name has small letters, digits and - only, at most 63, and begins with a letter"
            raise UsageError(f"{name!r:.80}: {told}")
        folder = new_folder(out or Path(name), force=force)
        shutil.copytree(find_bundle(STARTER), folder, dirs_exist_ok=True)
        head = folder / "bundle.yaml"
        text = head.read_text(encoding="utf-8")
        head.write_text(text.replace(f"name: {STARTER}", f"name: {name}", 1), encoding="utf-8")
    say(f"{folder} holds the bundle {name}; next: bonafide bundle check {folder}")


@bundle_app.command()
def check(
    name: Name = "paylater",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Json = False,
) -> None:
    """Look for mistakes: what does not load, what makes no sense, examples that do not hold.

    [dim]bonafide bundle check paylater --strict[/dim]
    """
    from bonafide.core.mistakes import show_mistakes
    from bonafide.engine.bundles.check import examine_bundle
    from bonafide.engine.shipped import find_bundle

    with errors_told():
        checked = examine_bundle(find_bundle(name), ready_kernels)
    mistakes = checked.sources.mistakes
    errors = sum(m.severity == "error" for m in mistakes)
    failed = sum(not result.passed for result in checked.results)
    if as_json:
        show_json(
            {
                "bundle": None if checked.bundle is None else checked.bundle.hash,
                "errors": errors,
                "warnings": len(mistakes) - errors,
                "examples": {"played": len(checked.results), "failed": failed},
                "mistakes": [mistake._asdict() for mistake in mistakes],
            }
        )
    else:
        if mistakes:
            typer.echo(show_mistakes(mistakes, checked.sources.texts) + "\n")
        typer.echo(f"{name}: {_counted(errors, 'error')}, {_counted(len(mistakes) - errors, 'warning')}")
        if checked.bundle is not None:
            typer.echo(f"{len(checked.bundle.rules)} rules, {_played(len(checked.results), failed)}")
    if errors or (strict and mistakes):
        raise typer.Exit(Exit.NO)


@bundle_app.command()
def show(name: Name = "paylater", as_json: Json = False) -> None:
    """Show what is in a bundle, after checking it: features, rules and their costs, lists, examples, policy.

    [dim]bonafide bundle show paylater[/dim]
    """
    from bonafide.apps.cli.bundle_text import bundle_as_json, bundle_as_text

    with errors_told():
        sources, bundle = _opened(name)
        if as_json:
            show_json(bundle_as_json(bundle, sources))
        else:
            typer.echo(bundle_as_text(bundle, sources))


@bundle_app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A bundle's folder, or the name of a shipped one.", show_default=False)],
    new: Annotated[str, typer.Argument(help="The bundle to compare it with.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Say what differs between two bundles, and whether a running engine can change over at once.

    [dim]bonafide bundle diff paylater mine[/dim]
    """
    from bonafide.apps.cli.bundle_text import changes_as_json, changes_as_text
    from bonafide.engine.bundles.diff import diff_bundles
    from bonafide.engine.swap import swap_kind

    with errors_told():
        before, after = _opened(old), _opened(new)
    changes = diff_bundles(before, after)
    kind = swap_kind(before[1], after[1])
    if as_json:
        show_json(changes_as_json(before[1], after[1], changes, kind))
    else:
        typer.echo(changes_as_text(before[1], after[1], changes, kind))
    if before[1].hash != after[1].hash:
        raise typer.Exit(Exit.NO)


@bundle_app.command()
def test(name: Name = "paylater", as_json: Json = False) -> None:  # noqa: PT028 - a command, no test
    """Play a bundle's examples and say which do not come out as they should.

    [dim]bonafide bundle test paylater[/dim]
    """
    from bonafide.engine.bundles.examples import run_examples

    with errors_told():
        bundle = _opened(name)[1]
        results = run_examples(bundle, kernels=ready_kernels)
    failed = [result for result in results if not result.passed]
    if as_json:
        show_json(
            {"bundle": bundle.hash, "played": len(results), "failed": len(failed),
             "examples": [result._asdict() for result in results]}
        )  # fmt: skip
    else:
        for result in failed:
            typer.echo(f"{result.path}:{result.line}: {result.name}: {result.message}")
        typer.echo(_played(len(results), len(failed)))
    if failed or not results:
        raise typer.Exit(Exit.NO)


def _opened(name: str) -> tuple[Sources, Bundle]:
    """A bundle with its files; ConfigError with every mistake where it cannot be used."""
    from bonafide.engine.bundle import read_bundle
    from bonafide.engine.shipped import find_bundle

    sources, bundle = read_bundle(find_bundle(name))
    sources.raise_mistakes()
    if bundle is None:
        raise ConfigError(name, "cannot be read")
    return sources, bundle


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _played(played: int, failed: int) -> str:
    if not played:
        return "no examples were played"
    if failed:
        return f"{failed} of {_counted(played, 'example')} {'does' if failed == 1 else 'do'} not hold"
    return "the one example holds" if played == 1 else f"all {played} examples hold"
