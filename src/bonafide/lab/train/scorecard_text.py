"""A fitted scorecard as the file of a bundle: YAML that says what its figures mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bonafide.core.moment import show_span
from bonafide.engine.scorecard import CREDIT_MAX, CREDIT_MIN, CardInput, Family, LevelBand
from bonafide.lab.train.scorecard import LEVELS, Fitted
from bonafide.lab.train.snapshots import Target
from bonafide.lab.train.written import yaml_number

_TITLES: Final[dict[Family | None, str]] = {
    "habits": "habits: how the payer spends", "credit_history": "credit_history: how the payer repays, and verdicts",
    "relations": "relations: whom the payer pays and meets", None: "others",
}  # fmt: skip


def scorecard_text(fitted: Fitted, target: Target) -> str:
    """The file `model/scorecard.yaml`; the same fit gives the same bytes, and `read_scorecard` gives its card back."""
    card, settings, horizon = fitted.scorecard.card, fitted.settings, show_span(target.horizon_ms)
    told = [
        f"# Credit scores of payers, {CREDIT_MIN} to {CREDIT_MAX}, higher is better; docs/credit-score.md says how to "
        "read them.",
        f"# {settings.credit_at} is {settings.odds_at:g} payers who do not go bad within {horizon} for one who does; "
        f"{settings.doubles:g} points more are twice that.",
        "# Bad: a verdict of cash-out that is not taken back, or a missed repayment, which counts "
        f"{target.weak:g} of one.",
        f"# Fitted to {fitted.rows} moments of payers, at most {target.per_user} of each; {fitted.bad:.1f} went bad.",
        f"base: {card.base}",
        "inputs:",
    ]
    families = {one.name: one.family for one in fitted.scorecard.declared}
    shown: Family | str | None = ""
    for one in card.inputs:
        if families[one.name] != shown:
            shown = families[one.name]
            told.append(f"  # {_TITLES[families[one.name]]}")
        told.append(f"  - {_input(one)}")
    return "\n".join([*told, *level_lines(card.levels, f"go bad within {horizon}"), ""])


def level_lines(levels: Sequence[LevelBand], fate: str) -> list[str]:
    """The levels of a card, and how many meet which fate."""
    shares = {level: f"{100 * probability:g} %" for probability, level in LEVELS}
    rows = [
        f"  - {{below: {band.below}, level: {band.level}}}  # at least {shares[band.level]} {fate}" for band in levels
    ]
    return ["levels:", *rows] if rows else ["levels: []"]


def _input(one: CardInput) -> str:
    cuts, points = ", ".join(map(yaml_number, one.cuts)), ", ".join(map(str, one.points))
    return f"{{name: {one.name}, cuts: [{cuts}], points: [{points}], missing: {one.missing}}}"
