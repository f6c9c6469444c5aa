"""Both languages say everything, and nothing that no page asks for is kept."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from bonafide.apps.console import words
from bonafide.apps.console.texts import LANGUAGES, TABLE, Texts, table
from bonafide.engine.ladder.words import MEASURES_OF
from bonafide.office.access.roles import ROLES
from bonafide.office.merchants.table import SEVERITIES
from bonafide.office.outbox.messages import TOPICS
from tests.house.tree import SRC

FOLDER = SRC / "bonafide" / "apps" / "console"
CJK = re.compile(r"[\u3400-\u9fff]")
GROUPS = {
    "state": words.STATES, "label": words.LABELS, "grade": words.GRADES, "measure": words.MEASURES,
    "measure_state": words.MEASURE_STATES, "appeal_state": words.APPEAL_STATES, "outcome": words.OUTCOMES,
    "level": words.RISK_LEVELS, "typology": words.TYPOLOGIES, "role": words.KEY_ROLES, "topic": words.TOPICS,
}  # fmt: skip


def sources() -> list[Path]:
    return sorted(FOLDER.rglob("*.py"))


def asked() -> tuple[set[str], list[re.Pattern[str]]]:
    """Keys that sources name as they are, and patterns of those that they put together."""
    plain: set[str] = set()
    made: list[re.Pattern[str]] = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                plain.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(one.value)) if isinstance(one, ast.Constant) else "[^.]+" for one in node.values]
                made.append(re.compile("".join(parts)))
    return plain, made


def test_every_text_is_there_in_both_languages() -> None:
    assert TABLE.exists()
    for key, (zh, en) in table().items():
        assert zh.strip(), key
        assert en.strip(), key
        fields = [sorted(name for _, name, _, _ in string.Formatter().parse(text) if name) for text in (zh, en)]
        assert fields[0] == fields[1], key
        if key != "frame.other_language":
            assert not CJK.search(en), key


@pytest.mark.parametrize("group", GROUPS)
def test_every_word_of_the_api_has_its_text(group: str) -> None:
    assert [name for name in GROUPS[group] if f"{group}.{name}" not in table()] == []


def test_no_group_stands_twice_and_no_key_of_one() -> None:
    """YAML takes the last of two, and the texts of the first are gone."""
    group, names = "", []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"( *)([^\s#][^:]*):", line):
            group = group if found[1] else found[2]
            names.append((group, found[2] if found[1] else ""))
    assert len(names) > 500
    assert sorted(names) == sorted(set(names))


def test_how_grave_a_finding_is_has_words() -> None:
    assert {f"severity.{name}" for name in SEVERITIES} <= set(table())


def test_what_a_key_may_be_and_what_leaves_is_offered_whole() -> None:
    assert tuple(ROLES) == words.KEY_ROLES
    assert words.TOPICS == TOPICS
    assert set(words.ROLES) <= set(words.KEY_ROLES)


def test_a_measure_is_offered_about_whom_it_may_be_about() -> None:
    assert words.MEASURES_OF == MEASURES_OF


def test_what_pages_ask_for_is_in_the_table_and_the_other_way_round() -> None:
    plain, made = asked()
    groups = {key.partition(".")[0] for key in table()}
    missing = {one for one in plain if re.fullmatch(r"[a-z_]+\.[a-z_]*[a-z]", one)
               and one.partition(".")[0] in groups and one not in table()}  # fmt: skip
    assert not {one for one in missing if not (FOLDER / "files" / one).exists()}
    spoken = {group for path in sources() for group in re.findall(r'\.word\("(\w+)"', path.read_text())}
    spoken |= set(GROUPS)
    idle = [key for key in table() if key not in plain and key.partition(".")[0] not in spoken
            and not any(one.fullmatch(key) for one in made)]  # fmt: skip
    assert not idle


def test_a_word_that_is_not_known_stays_as_it_is() -> None:
    assert [Texts(language).word("state", "brand_new") for language in LANGUAGES] == ["brand_new", "brand_new"]
    with pytest.raises(KeyError):
        Texts("en")("no.such_text")
