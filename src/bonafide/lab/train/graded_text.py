"""A fitted card of merchants as the file of a bundle: YAML that says what its figures mean."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import show_span
from bonafide.engine.graded import GradedInput, MerchantFamily
from bonafide.engine.scorecard import CREDIT_MAX, CREDIT_MIN
from bonafide.lab.train.graded import GradedFit
from bonafide.lab.train.merchants import MerchantTarget
from bonafide.lab.train.scorecard_text import level_lines
from bonafide.lab.train.written import yaml_number

_TITLES: Final[dict[MerchantFamily, str]] = {
    "qualification": "qualification: who applied", "trading": "trading: how the merchant sells and is paid out",
    "service": "service: what buyers got", "buyers": "buyers: who they are, and whether their money came home",
    "record": "record: what people found",
}  # fmt: skip


def graded_text(fitted: GradedFit, target: MerchantTarget) -> str:
    """The file `model/merchant_scorecard.yaml`; the same fit gives the same bytes, and `read_graded` its card back."""
    card, settings, horizon = fitted.graded.card, fitted.scale, show_span(target.horizon_ms)
    told = [
        f"# Credit scores of merchants, {CREDIT_MIN} to {CREDIT_MAX}, higher is better; docs/merchant-credit.md says "
        "how to read them.",
        f"# {settings.credit_at} is {settings.odds_at:g} merchants who are not found out within {horizon} for one who "
        f"is; {settings.doubles:g} points more are twice that.",
        f"# Found out: a verdict of cash-out on the merchant, or on {target.judged_sales} payments to it, that is not "
        "taken back.",
        f"# Fitted to {fitted.rows} moments of merchants, at most {target.per_merchant} of each; {fitted.bad:g} of "
        "them were found out after it.",
        "# Each of `points` holds at its value in `at`; in between they change in proportion, outside they stay.",
        f"base: {card.base}",
        "inputs:",
    ]
    families = {one.name: one.family for one in fitted.graded.declared}
    shown: MerchantFamily | None = None
    for one in card.inputs:
        if families[one.name] != shown:
            shown = families[one.name]
            told.append(f"  # {_TITLES[shown]}")
        told.append(f"  - {_input(one)}")
    return "\n".join([*told, *level_lines(card.levels, f"are found out within {horizon}"), ""])


def _input(one: GradedInput) -> str:
    at, points = ", ".join(map(yaml_number, map(float, one.at))), ", ".join(map(str, one.points))
    return f"{{name: {one.name}, at: [{at}], points: [{points}], missing: {one.missing}}}"
