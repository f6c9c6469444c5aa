"""`bonafide bundle`: the life of a bundle."""

from __future__ import annotations

from typing import Annotated

import typer

from bonafide.apps.cli.engines import open_bundle
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, show_json

bundle_app = typer.Typer(no_args_is_help=True, help="Look at bundles: features, rules, policy and texts.")


@bundle_app.callback()
def _bundle() -> None:
    """Look at bundles: features, rules, policy and texts."""


@bundle_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A bundle's folder, or the name of a shipped one.")] = "paylater",
    as_json: Json = False,
) -> None:
    """Show what is in a bundle, after checking it.

    [dim]bonafide bundle show paylater[/dim]
    """
    with errors_told():
        bundle = open_bundle(name)
    features = [{"name": f.name, "by": list(f.by), "take": f.take} for f in bundle.features if f.name[0] != "_"]
    rules = [
        {"id": r.id, "typology": r.typology, "weight": r.weight, "reason": r.reason, "when": r.text}
        for r in bundle.rules
    ]  # fmt: skip
    if as_json:
        show_json(
            {
                "name": bundle.name,
                "hash": bundle.hash,
                "currency": bundle.settings.currency,
                "features": features,
                "rules": rules,
            }
        )
        return
    keys = sorted({" + ".join(f.by) for f in bundle.features})
    typer.echo(f"{bundle.name}  {bundle.hash}")
    typer.echo(f"{len(features)} features over {', '.join(keys)}; amounts in {bundle.settings.currency}\n")
    typer.echo(f"{'rule':<22}{'typology':<21}{'weight':>7}  {'reason':<7}{'told to the person concerned'}")
    for rule in bundle.rules:
        text = bundle.reasons[rule.reason]
        typer.echo(f"{rule.id:<22}{rule.typology:<21}{rule.weight:>7.2f}  {rule.reason:<7}{text.en} / {text.zh}")
    typer.echo("")
    for band in bundle.policy.outcomes:
        typer.echo(f"from score {band.from_:.2f}: {band.outcome}")
