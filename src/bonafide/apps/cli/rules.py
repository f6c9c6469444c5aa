"""`bonafide rules`: check, try out, read aloud and list the rules of a bundle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bonafide.apps.cli.engines import open_bundle, ready_kernels
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.core.mistakes import Mistake
    from bonafide.engine.bundle import Bundle, Rule
    from bonafide.engine.bundles.check import Checked
    from bonafide.engine.rules.terms import Language

DEFAULT_BUNDLE: Final = "paylater"
LANGUAGES: Final = ("en", "zh")
_RULE_ID: Final = re.compile(r"[A-Z][A-Z0-9-]{1,31}")

rules_app = typer.Typer(no_args_is_help=True, help="Check, try out, explain and list the rules of a bundle.")

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Ids of rules (default: all), and the bundle if not given with --bundle.", show_default=False),
]
BundleOption = Annotated[
    str | None,
    typer.Option(
        "--bundle", "-b", help="A bundle's folder, or the name of a shipped one.", show_default=DEFAULT_BUNDLE
    ),
]


@rules_app.callback()
def _rules() -> None:
    """Check, try out, explain and list the rules of a bundle."""


@rules_app.command("check")
def check_rules(
    names: Names = None,
    bundle: BundleOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Json = False,
) -> None:
    """Look for mistakes in rules: what does not parse, what makes no sense, examples that do not hold.

    [dim]bonafide rules check U-DRAIN --bundle paylater[/dim]
    """
    from bonafide.core.mistakes import show_mistakes
    from bonafide.engine.bundles.check import examine_bundle
    from bonafide.engine.shipped import find_bundle

    with errors_told():
        ids, name = _ids_and_bundle(names, bundle)
        checked = examine_bundle(find_bundle(name), ready_kernels)
        if checked.bundle is not None:
            _chosen(checked.bundle, ids)
        mistakes = _about(checked, ids)
    errors = sum(m.severity == "error" for m in mistakes)
    warnings = len(mistakes) - errors
    if as_json:
        told = [mistake._asdict() for mistake in mistakes]
        show_json({"bundle": name, "rules": ids, "errors": errors, "warnings": warnings, "mistakes": told})
    else:
        if mistakes:
            typer.echo(show_mistakes(mistakes, checked.sources.texts) + "\n")
        what = ", ".join(ids) or f"the rules of {name}"
        typer.echo(f"{what}: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}")
    if errors or (strict and mistakes):
        raise typer.Exit(Exit.NO)


@rules_app.command("test")
def try_rules(names: Names = None, bundle: BundleOption = None, as_json: Json = False) -> None:
    """Play the examples of rules: events that must hit, and events that must not.

    [dim]bonafide rules test U-DRAIN[/dim]
    """
    from bonafide.engine.bundles.examples import run_examples

    with errors_told():
        ids, name = _ids_and_bundle(names, bundle)
        read = open_bundle(name)
        rules = _chosen(read, ids)
        results = run_examples(read, ids or None, ready_kernels)
    without = [rule.id for rule in rules if not any(rule.id in result.rules for result in results)]
    failed = [result for result in results if not result.passed]
    if as_json:
        counts = {"played": len(results), "failed": len(failed), "without": without}
        show_json({"bundle": read.name, **counts, "examples": [result._asdict() for result in results]})
    else:
        for result in results:
            state = "holds" if result.passed else f"FAILS: {result.message}"
            typer.echo(f"{result.path}:{result.line}: {result.name} ({', '.join(result.rules)}): {state}")
        if without:
            typer.echo(f"without examples: {', '.join(without)}")
        typer.echo(f"{_counted(len(results), 'example')} played, {len(failed)} failed")
    if failed:
        raise typer.Exit(Exit.NO)


@rules_app.command("explain")
def explain_rules(
    names: Names = None,
    bundle: BundleOption = None,
    language: Annotated[str, typer.Option("--lang", "-l", help="Language: zh or en.")] = "en",
    as_json: Json = False,
) -> None:
    """Say in words what rules mean, in Chinese or English.

    [dim]bonafide rules explain U-DRAIN --lang zh[/dim]
    """
    from bonafide.core.text import shorten

    with errors_told():
        if language not in LANGUAGES:
            raise UsageError(f"--lang {shorten(language)}: choose zh or en")
        ids, name = _ids_and_bundle(names, bundle)
        read = open_bundle(name)
        rules = _chosen(read, ids)
    told = [(rule, _explained(read, rule, "zh" if language == "zh" else "en")) for rule in rules]
    if as_json:
        items = [{"id": rule.id, "text": text, "when": rule.text} for rule, text in told]
        show_json({"bundle": read.name, "language": language, "rules": items})
        return
    typer.echo("\n\n".join(f"{_heading(read, rule, language)}\n{text}" for rule, text in told))


@rules_app.command("list")
def list_rules(
    name: Annotated[str | None, typer.Argument(help="A bundle's folder or name.", show_default=False)] = None,
    bundle: BundleOption = None,
    as_json: Json = False,
) -> None:
    """List rules with what they weigh and what they cost for each event.

    [dim]bonafide rules list paylater[/dim]
    """
    from bonafide.engine.rules.cost import BUNDLE_COST_MAX, RULE_COST_MAX, cost_of, cost_of_all

    with errors_told():
        if name is not None and bundle is not None and name != bundle:
            raise UsageError(f"two bundles are named: {name} and --bundle {bundle}")
        read = open_bundle(name or bundle or DEFAULT_BUNDLE)
    rows = [
        {"id": r.id, "typology": r.typology, "weight": r.weight, "reason": r.reason, "cost": cost_of(r.when)}
        for r in read.rules
    ]
    total = cost_of_all(rule.when for rule in read.rules)
    if as_json:
        limits = {"cost": total, "cost_max": BUNDLE_COST_MAX, "rule_cost_max": RULE_COST_MAX}
        show_json({"bundle": read.name, "hash": read.hash, **limits, "rules": rows})
        return
    typer.echo(f"{'rule':<24}{'typology':<21}{'weight':>7}  {'reason':<9}{'cost':>5}")
    for row in rows:
        typer.echo(f"{row['id']:<24}{row['typology']:<21}{row['weight']:>7.2f}  {row['reason']:<9}{row['cost']:>5}")
    typer.echo(f"\n{_counted(len(rows), 'rule')}; {total} of at most {BUNDLE_COST_MAX} instructions for each event "
               f"(one rule: {RULE_COST_MAX}), shared parts counted once")  # fmt: skip


def _ids_and_bundle(names: list[str] | None, option: str | None) -> tuple[list[str], str]:
    """The rule ids among the arguments, and the bundle: from the option, or the argument that is no id."""
    ids = [name for name in names or [] if _RULE_ID.fullmatch(name)]
    others = [name for name in names or [] if name not in ids]
    if option is not None:
        others.append(option)
    if len(set(others)) > 1:
        told = "a rule's id has capital letters, digits and -"
        raise UsageError(f"several bundles are named: {', '.join(others)}; {told}")
    return list(dict.fromkeys(ids)), others[0] if others else DEFAULT_BUNDLE


def _chosen(bundle: Bundle, ids: list[str]) -> list[Rule]:
    """The rules of these ids, in the order of the bundle; all without ids."""
    from bonafide.core.text import did_you_mean

    known = [rule.id for rule in bundle.rules]
    for rule_id in ids:
        if rule_id not in known:
            near = did_you_mean(rule_id, known) or f"; bonafide rules list {bundle.name} shows them"
            raise UsageError(f"{bundle.name} has no rule {rule_id}{near}")
    return [rule for rule in bundle.rules if not ids or rule.id in ids]


def _about(checked: Checked, ids: list[str]) -> list[Mistake]:
    """The mistakes in rules, of these ids where any were asked for; all mistakes where the bundle does not load."""
    mistakes = checked.sources.mistakes
    if ids:
        subjects = {f"rule {rule_id}" for rule_id in ids}
        failed = {(r.path, r.line) for r in checked.results if not r.passed and not set(ids).isdisjoint(r.rules)}
        found = [m for m in mistakes if m.subject in subjects or (m.path, m.line) in failed]
        return found if found or checked.bundle is not None else mistakes
    if checked.bundle is None:
        return mistakes
    return [m for m in mistakes if m.path == "rules.yaml" or m.path.startswith(("lists/", "examples/"))]


def _explained(bundle: Bundle, rule: Rule, language: Language) -> str:
    from bonafide.engine.rules.wording import explain

    features = {feature.name: feature for feature in bundle.features}
    return explain(rule.when, features, bundle.settings.currency, language)


def _heading(bundle: Bundle, rule: Rule, language: str) -> str:
    text = bundle.reasons[rule.reason]
    if language == "zh":
        return f"{rule.id}（权重 {rule.weight:.2f}，{rule.reason}：{text.zh}）"
    return f"{rule.id} (weight {rule.weight:.2f}, {rule.reason}: {text.en})"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
