"""The corpus of applications: the same from the same seed, of every kind, and reviewed without a failure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bonafide.office.merchants.table import FINDINGS
from bonafide.office.merchants.texts import TEXTS
from bonafide.testing.applications.__main__ import SCORING, main
from bonafide.testing.applications.made import EACH, KINDS, make
from bonafide.testing.applications.scored import score

PAGE = (Path(__file__).parents[2] / "docs" / "admission.md").read_text(encoding="utf-8")
FEW = 60


def test_a_seed_makes_a_corpus_of_every_kind_and_the_same_again() -> None:
    corpus = make(3, each=1, merchants=FEW)
    assert [case.kind for case in corpus.cases] == list(KINDS)
    assert corpus == make(3, each=1, merchants=FEW)
    assert corpus != make(4, each=1, merchants=FEW)
    assert {code for case in corpus.cases for code in case.expected} <= set(FINDINGS)
    assert len(KINDS) * EACH >= 200


def test_what_is_wrong_is_mostly_found_and_nothing_fails() -> None:
    figures = score([3, 4], each=2, merchants=FEW)
    assert figures.errors == []
    assert figures.applications == 2 * 2 * len(KINDS)
    assert sum(figures.found.values()) > 8 * sum(figures.missed.values())
    assert figures.honest_refused == 0
    assert figures.honest_clean_asked <= 2


def test_the_command_prints_its_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.testing.applications.__main__.score", lambda seeds, each: score(seeds, each, FEW))
    assert main(["--seeds", "5", "--each", "1"]) == 0
    assert "| relative_of_closed |" in capsys.readouterr().out
    assert main(["--seeds", "5", "--each", "1", "--json"]) == 0
    assert capsys.readouterr().out.startswith('{"applications":')


def test_the_page_has_every_finding_as_the_table_has_it() -> None:
    for code, row in FINDINGS.items():
        assert f"| `{code}` | {row.severity} | `{row.asks}` | {TEXTS[code].en} |" in PAGE, code


def test_the_page_has_figures_of_every_finding_that_the_corpus_brings() -> None:
    rows = re.findall(r"^\| (\w+) \| \d+ \| \d+ \| \d+ \| \d+ \|", PAGE, re.MULTILINE)
    expected = {code for case in make(3, each=1, merchants=FEW).cases for code in case.expected}
    assert expected <= set(rows)
    assert SCORING in PAGE
