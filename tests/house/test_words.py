"""Documents hold: links lead somewhere, commands exist, and every decision has its page and its place in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, listed, text_files

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
MAKE = re.compile(r"`make ([a-z]+)[^`]*`")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
PAGES = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
HEADINGS = ["What", "Why", "Turned down", "What follows"]


def documents() -> list[tuple[str, str]]:
    return [(name, text) for name, text in text_files() if name.endswith(".md")]


def broken_links(name: str, text: str) -> list[str]:
    """Links of a document to files that do not exist; links to other places are not followed."""
    folder = (ROOT / name).parent
    return [f"{name}: {link}" for link in LINK.findall(text) if "://" not in link and not (folder / link).exists()]


def unknown_targets(name: str, text: str) -> list[str]:
    """Commands of a document that the Makefile does not have."""
    targets = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    return [f"{name}: make {target}" for target in MAKE.findall(text) if target not in targets]


def test_links_lead_somewhere() -> None:
    found = [fault for name, text in documents() for fault in broken_links(name, text)]
    assert not found, listed(found)


def test_make_targets_in_documents_exist() -> None:
    found = [fault for name, text in documents() for fault in unknown_targets(name, text)]
    assert not found, listed(found)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_decision_has_its_number_its_headings_and_its_place_in_the_index(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(page.stem[:4])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert f"]({page.name})" in (page.parent / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.stem[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    assert len(PAGES) >= 7


def test_a_broken_link_and_an_unknown_target_are_caught() -> None:
    assert broken_links("docs/x.md", "see [this](nowhere.md)") == ["docs/x.md: nowhere.md"]
    assert broken_links("docs/x.md", "see [this](../LICENSE) and [that](https://example.org/x)") == []
    assert unknown_targets("x.md", "run `make coffee T=1`") == ["x.md: make coffee"]
