"""docs/bundles.md names every file, every key and every typology, and its example is one."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from msgspec import Struct

from bonafide.core.errors import ConfigError
from bonafide.core.fields import Origin
from bonafide.engine.bundles.example_events import NOTATION
from bonafide.engine.bundles.example_files import DeclaredExample, ExampleFile, ScoreRange, read_examples
from bonafide.engine.bundles.examples import run_examples
from bonafide.engine.bundles.files import BESIDE, FILES_MAX, NEEDED, OPTIONAL, Sources
from bonafide.engine.bundles.head import Head, Rates
from bonafide.engine.bundles.lists import LIST_ENTRIES_MAX, DeclaredEntry, DeclaredSnooze
from bonafide.engine.bundles.rules import RULES_MAX, TEXT_MAX, TYPOLOGIES, DeclaredRule, ReasonText
from bonafide.engine.bundles.shapes import keys_of
from bonafide.engine.fail_modes import AmountBand, DeclaredFailModes
from bonafide.engine.features.spec import Take, _Declared
from bonafide.engine.ladder.declared import (
    AppealText,
    CountsFor,
    DeclaredLadder,
    DeclaredSubject,
    GroupRow,
    LimitRow,
    OffenceRange,
    PartnerRow,
    SourceReasons,
    StepRow,
    TypologyRow,
)  # fmt: skip
from bonafide.engine.policy import DeclaredPolicy, FaultRow, ListRow, OutcomeBand, Proposal, RiskBand
from bonafide.engine.policy_rows import AmountSpan, PolicyRow, ScoreSpan
from bonafide.engine.rules.cost import BUNDLE_COST_MAX, RULE_COST_MAX
from bonafide.engine.shipped import shipped_bundle
from tests.house.tree import ROOT

TEXT = (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def words(part: str) -> set[str]:
    """What stands in backquotes in a section, word by word."""
    return {word for told in re.findall(r"`([^`\n]+)`", PARTS[part]) for word in re.findall(r"[A-Za-z_]+", told)}


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ("bundle.yaml", [Head, Rates]), ("features.yaml", [_Declared]), ("rules.yaml", [DeclaredRule]),
        (
            "policy.yaml",
            [DeclaredPolicy, OutcomeBand, RiskBand, Proposal, DeclaredFailModes, AmountBand, PolicyRow, ScoreSpan,
             AmountSpan, FaultRow, ListRow],
        ),
        (
            "ladder.yaml",
            [DeclaredLadder, AppealText, TypologyRow, SourceReasons, GroupRow, PartnerRow, CountsFor, DeclaredSubject,
             StepRow, OffenceRange, LimitRow],
        ),
        ("lists/", [DeclaredEntry, DeclaredSnooze]),
        ("reasons.yaml", [ReasonText]),
        ("examples/NAME.yaml", [ExampleFile, DeclaredExample, ScoreRange]),
    ],
)  # fmt: skip
def test_every_key_is_explained(part: str, kinds: list[type[Struct]]) -> None:
    assert {key for kind in kinds for key in keys_of(kind)} - words(part) == set()


def test_every_word_with_a_meaning_is_named() -> None:
    assert set(TYPOLOGIES) <= words("rules.yaml")
    assert set(get_args(Take)) <= words("features.yaml")
    assert set(get_args(Origin)) <= words("bundle.yaml")
    assert set(NOTATION) <= words("examples/NAME.yaml")
    for name in (*NEEDED, *OPTIONAL, *BESIDE):
        assert f"`{name}`" in TEXT


def test_every_bound_is_told() -> None:
    for bound in (FILES_MAX, LIST_ENTRIES_MAX, RULES_MAX, TEXT_MAX, RULE_COST_MAX, BUNDLE_COST_MAX):
        assert f"{bound:,}" in TEXT


def test_the_example_of_the_page_holds() -> None:
    (written,) = re.findall(r"```yaml\n(.+?)```", TEXT, re.DOTALL)
    bundle = shipped_bundle("paylater")._replace(examples={"examples/page.yaml": written.encode()})
    assert [(r.name, r.message) for r in run_examples(bundle)] == [
        ("the seventh payer on one device this week", ""), ("a payer with a device of their own", "")
    ]  # fmt: skip


def test_the_example_of_the_module_can_be_read() -> None:
    import bonafide.engine.bundles.example_files as module

    (written,) = re.findall(r"```yaml\n(.+?)```", module.__doc__ or "", re.DOTALL)
    sources = Sources({"examples/a.yaml": written.encode()})
    assert len(read_examples(sources)) == 2
    broken = Sources({"examples/a.yaml": written.replace("defaults", "default").encode()})
    assert read_examples(broken) == ()
    with pytest.raises(ConfigError, match="did you mean defaults"):
        broken.raise_mistakes()
