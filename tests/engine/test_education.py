"""education.yaml: every mistake is told with its place, and nothing half-translated loads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bonafide.core.errors import ConfigError
from bonafide.engine.bundle import load_bundle
from bonafide.engine.bundles.education import LEVELS, ROTATED_MIN, WORDS_MAX, read_education
from bonafide.engine.bundles.files import content_hash, read_sources
from bonafide.engine.shipped import find_bundle, shipped_bundle

NAME = "education.yaml"
SHIPPED = (find_bundle("paylater") / NAME).read_text(encoding="utf-8")
Changed = Callable[[str, str], str]
# Title, what is written there, what instead, and what is said of it.
CASES = [
    ("a language forgotten", ", en: You have just begun to pay on credit.}", "}", "pieces[0].saw.en is missing"),
    ("a text that is empty", "en: Say no to such an offer.", "en: ''", "a text of 1 to 200 characters"),
    ("a part forgotten", "  now: {zh: 遇到这样的提议，请拒绝。, en: Say no to such an offer.}\n", "", "now is missing"),
    ("what is common forgotten", "  channel: {zh", "  chanel: {zh", "did you mean channel?"),
    ("a level with one piece", "level: L3\n  strategy: authority", "level: L1\n  strategy: authority", "they rotate"),
    ("a piece twice", "id: TIP-ACCOUNT", "id: TIP-LINE", "TIP-LINE stands here twice"),
    ("a typology that is none", "[drain_the_line,", "[drain_the_lien,", "did you mean drain_the_line?"),
    ("questions forgotten", "  asks:\n  - {zh: 您买的是什么", "  asks: []\n  #- {zh: 您买的是什么", "is not YAML"),
    ("questions elsewhere", "level: L2\n  strategy: questioning\n  saw: {zh: 在", "level: L1\n  strategy: questioning\n"
     "  saw: {zh: 在", "questions (asks)"),
    ("a row never reached", "- {level: L1, outcome: warn}", "- {level: L1}\n- {level: L1}", "never reached"),
    ("too many held out", "holdout_percent: 10", "holdout_percent: 60", "a number from 0 to 50"),
    ("a span that ends before it begins", "{from: 1h, to: 30d}", "{from: 31d, to: 30d}", "ends before it begins"),
    ("an effect of years", "{from: 1h, to: 30d}", "{from: 1h, to: 400d}", "longer than a year"),
    ("everything counts", "reoffence: verify", "reoffence: allow", "every event would count"),
    ("a level that nobody chooses", "- {level: L0, first: true}\n", "", "no row chooses L0"),
    ("a text too long", "en: Say no to such an offer.", f"en: {'no ' * 60}", f"at most {WORDS_MAX}"),
]  # fmt: skip


def bundle_with(folder: Path, text: str) -> Path:
    """The starter bundle with an education.yaml."""
    shutil.copytree(find_bundle("starter"), folder / "b")
    (folder / "b" / NAME).write_text(text, encoding="utf-8")
    return folder / "b"


@pytest.mark.parametrize(("title", "old", "new", "told"), CASES, ids=[case[0] for case in CASES])
def test_a_mistake_is_told(tmp_path: Path, title: str, old: str, new: str, told: str) -> None:
    assert SHIPPED.count(old) == 1 or title == "a level with one piece", title
    with pytest.raises(ConfigError) as error:
        load_bundle(bundle_with(tmp_path, SHIPPED.replace(old, new, 1)))
    assert told in error.value.message
    assert NAME in error.value.message


def test_the_file_counts_in_the_hash_and_may_be_left_out(tmp_path: Path) -> None:
    folder = bundle_with(tmp_path, SHIPPED)
    bundle = load_bundle(folder)
    assert bundle.education is not None
    before = content_hash(read_sources(folder).contents)
    (folder / NAME).write_text(SHIPPED.replace("2026-11", "2026-12"), encoding="utf-8")
    assert content_hash(read_sources(folder).contents) != before == bundle.hash
    (folder / NAME).unlink()
    assert load_bundle(folder).education is None


def test_the_shipped_texts_are_whole_and_short() -> None:
    education = shipped_bundle("paylater").education
    assert education is not None
    for level in LEVELS:
        assert len(education.pieces_for(level, frozenset())) >= ROTATED_MIN
    for piece in education.pieces:
        text = education.text_of(piece)
        assert len(text.en.split()) <= WORDS_MAX
        assert not any(sign.isdigit() for sign in text.zh + text.en), "no number that could be a threshold"
        for zh, en in (("密码", "passwords"), ("申诉", "Appeal"), ("分期", "instalments")):
            assert zh in text.zh, piece.id
            assert en in text.en, piece.id


def test_what_does_not_fit_is_none(tmp_path: Path) -> None:
    sources = read_sources(bundle_with(tmp_path, "salt: []"))
    assert read_education(sources) is None
    assert sources.mistakes
