"""`bonafide rules`: what each command says, how it ends, and its JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.engine.rules.cost import BUNDLE_COST_MAX
from bonafide.engine.shipped import find_bundle


def told(*arguments: object) -> Result:
    """What a command wrote and how it ended."""
    result = CliRunner().invoke(app, ["rules", *map(str, arguments)], env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def json_of(*arguments: object) -> dict[str, Any]:
    result = told(*arguments, "--json")
    assert result.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter bundle, to be damaged."""
    shutil.copytree(find_bundle("starter"), tmp_path / "mine")
    return tmp_path / "mine"


def damage(folder: Path, when: str) -> str:
    """Give the first rule another condition; returns the rule's id."""
    rules = folder / "rules.yaml"
    kept = json_of("list", folder)["rules"][0]["id"]
    rule = f'- {{id: ODD, when: "{when}", typology: drain_the_line, weight: 0.1, reason: RC03, source: test}}\n'
    rules.write_text(rules.read_text(encoding="utf-8") + "\n" + rule, encoding="utf-8")
    return str(kept)


def test_list_shows_what_rules_cost() -> None:
    text = told("list").stdout
    assert "U-DRAIN " in text
    assert f"of at most {BUNDLE_COST_MAX} instructions" in text
    found = json_of("list", "paylater")
    assert found["cost_max"] == BUNDLE_COST_MAX
    assert 0 < found["cost"] <= sum(rule["cost"] for rule in found["rules"])
    assert set(found["rules"][0]) == {"id", "typology", "weight", "reason", "cost"}


def test_explain_reads_rules_in_both_languages() -> None:
    assert "the credit limit" in told("explain", "U-DRAIN").stdout
    chinese = told("explain", "U-DRAIN", "U-BURST", "--lang", "zh").stdout
    assert "信用额度" in chinese
    assert chinese.count("同时满足") == 2
    found = json_of("explain", "U-DRAIN", "-b", "paylater", "--lang", "zh")
    assert [rule["id"] for rule in found["rules"]] == ["U-DRAIN"]
    assert len(json_of("explain")["rules"]) == len(json_of("list")["rules"])


def test_what_is_not_there_is_a_wrong_use() -> None:
    for arguments, words in (
        (("explain", "U-DRAN"), "did you mean U-DRAIN?"), (("explain", "--lang", "fr"), "choose zh or en"),
        (("list", "nowhere"), "nowhere"), (("check", "one", "two"), "several bundles"),
        (("test", "U-NOTHING-LIKE"), "rules list paylater"), (("list", "a", "-b", "b"), "two bundles"),
    ):  # fmt: skip
        result = told(*arguments)
        assert result.exit_code == 2, arguments
        assert words in " ".join(result.stderr.split()), arguments


def test_check_finds_what_makes_no_sense(folder: Path) -> None:
    assert told("check", folder).exit_code == 0
    kept = damage(folder, "type == 'payment' and amount >= 1")
    result = told("check", folder)
    assert result.exit_code == 1
    assert "always true" in result.stdout
    assert "^^^^^^^^^^^" in result.stdout
    assert "rules.yaml:" in result.stdout
    found = json_of("check", "ODD", "--bundle", folder)
    assert {m["code"] for m in found["mistakes"]} >= {"always-true"}
    assert found["errors"] == len([m for m in found["mistakes"] if m["severity"] == "error"])
    assert told("check", kept, "-b", folder).exit_code == 0


def test_check_of_a_bundle_that_does_not_load_tells_why(folder: Path) -> None:
    damage(folder, "amout > 5")
    result = told("check", folder)
    assert (result.exit_code, "did you mean amount?" in result.stdout) == (1, True)
    for command in ("list", "explain", "test"):
        refused = told(command, folder)
        assert (refused.exit_code, "did you mean amount?" in refused.stderr) == (2, True), command


def test_a_warning_counts_where_it_is_asked_for(folder: Path) -> None:
    damage(folder, "type == 'payment' and amount / credit_limit > 0.9")
    found = json_of("check", "ODD", "-b", folder)
    assert [m["code"] for m in found["mistakes"] if m["severity"] == "warning"] == ["division-by-zero"]


def test_examples_are_played(folder: Path) -> None:
    result = told("test", folder)
    assert result.exit_code == 0, result.output
    assert "0 failed" in result.stdout
    found = json_of("test", folder)
    assert found["failed"] == 0 < found["played"]
    damage(folder, "amount > 5 and type == 'payment'")
    assert "ODD" in json_of("test", folder)["without"]
