"""Notices as they read. After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/office/notices`; read the
difference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bonafide.core.decision import Words
from bonafide.core.events import MeasureKind
from bonafide.engine.bundles.rules import ReasonText
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.wording import Wording
from bonafide.engine.ladder.words import FRICTION, HARDNESS, MEASURES
from bonafide.engine.shipped import find_bundle
from bonafide.office.notices.render import REASONS_MAX, Told, render
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden"
UNTIL_MS = 1_767_860_999_999
WORDS_MAX = 160
"""Of an English notice: what a decision says of it is some ninety."""


def texts() -> dict[str, ReasonText]:
    folder = find_bundle("paylater")
    read = yaml.safe_load((folder / "reasons.yaml").read_text(encoding="utf-8"))
    names = ("zh", "en", "submit_zh", "submit_en")
    return {code: ReasonText(**{name: one.get(name, "") for name in names}) for code, one in read.items()}


def told(measure: MeasureKind, codes: tuple[str, ...] = ("RC01", "RC03"), how_ended: str = "") -> Told:
    """What a notice is made of, with the words that the ladder gives."""
    person = measure == "refer"
    appeal = Words("如认为有误，可申诉。", "If you think that this is wrong, you can appeal.")
    one = Wording(texts(), appeal).tell(
        Proposed(measure, "user", "proposed", UNTIL_MS, "u17-1", person, "corroborated", 2, 120_000, (), codes),
        "~0000000000000001",
    )  # fmt: skip
    reasons = tuple({"code": reason.code, "zh": reason.zh, "en": reason.en} for reason in one.reasons)
    said = {name: {"zh": getattr(one, name).zh, "en": getattr(one, name).en} for name in ("why", "submit", "appeal")}
    return Told(measure=measure, measure_id="u17-1", until_ms=UNTIL_MS, automated=not person, how_ended=how_ended,
                reasons=reasons, why=said["why"], submit=said["submit"], appeal=said["appeal"])  # fmt: skip


@pytest.mark.parametrize("measure", MEASURES)
def test_every_notice_reads_as_it_did(measure: MeasureKind) -> None:
    shown = [("begun", render("begun", told(measure)))]
    if HARDNESS[measure] > FRICTION:
        shown.append(("prolonged", render("prolonged", told(measure))))
    for how in ("expired", "refused"):
        shown.append((f"ended: {how}", render("ended", told(measure, how_ended=how))))
    shown += [(kind, render(kind, told(measure, how_ended="lifted"))) for kind in ("apology", "rejected")]
    lines = [f"{name}\n{one['text']['zh']}\n{one['text']['en']}\n" for name, one in shown]
    assert_golden(GOLDEN / f"{measure}.txt", "\n".join(lines))
    for _, one in shown:
        assert len(one["text"]["en"].split()) <= WORDS_MAX
        assert re.search("[一-鿿]", one["text"]["zh"])
        assert not re.search("score|threshold|limit of|0\\.\\d", one["text"]["en"])


def test_a_notice_has_at_most_four_reasons_and_says_what_to_do() -> None:
    shown = render("begun", told("limit_credit", ("RC01", "RC02", "RC03", "RC04", "RC05")))
    assert [one["code"] for one in shown["reasons"]] == ["RC01", "RC02", "RC03", "RC04"]
    assert len(shown["reasons"]) == REASONS_MAX
    assert "RC05" not in str(shown) or "Unusual device" not in shown["text"]["en"]
    assert shown["deadline"] == "2026-01-08 08:29 UTC"
    assert shown["automated"]
    for name in ("submit", "appeal", "human_review"):
        assert shown[name]["zh"]
        assert shown[name]["en"]


def test_the_same_decision_gives_the_same_notice() -> None:
    assert render("begun", told("refer")) == render("begun", told("refer"))
    assert not render("begun", told("refer"))["automated"]
