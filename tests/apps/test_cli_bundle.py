"""`bonafide bundle`: what each command prints and how it ends."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.engine.shipped import find_bundle
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden"


def run(*args: object) -> Result:
    return CliRunner().invoke(app, ["bundle", *map(str, args)])


def parsed(*args: object) -> Any:
    return json.loads(run(*args, "--json").stdout)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new bundle in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    result = run("new", "mine")
    assert (result.exit_code, result.stdout) == (0, "")
    return Path("mine")


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


# ---- new


def test_a_new_bundle_has_one_of_each_thing_and_nothing_to_complain_about(mine: Path) -> None:
    names = {path.relative_to(mine).as_posix() for path in mine.rglob("*") if path.is_file()}
    assert names == {
        "bundle.yaml", "features.yaml", "rules.yaml", "policy.yaml", "reasons.yaml", "lists/easily_resold.txt",
        "examples/first.yaml",
    }  # fmt: skip
    result = run("check", mine, "--strict")
    assert (result.exit_code, result.stdout) == (0, "mine: 0 errors, 0 warnings\n3 rules, all 6 examples hold\n")
    assert parsed("show", mine)["name"] == "mine"


def test_new_writes_over_nothing_unless_told(mine: Path) -> None:
    change(mine, "bundle.yaml", "CNY", "EUR")
    result = run("new", "mine")
    assert result.exit_code == 2
    assert "the folder is not empty" in result.stderr
    assert "EUR" in (mine / "bundle.yaml").read_text()
    assert run("new", "yours", "--out", mine, "--force").exit_code == 0
    assert parsed("show", mine)["name"] == "yours"


@pytest.mark.parametrize("name", ["Mine", "1st", "../mine", "", "a" * 64, "my bundle"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("new", name, "--out", "folder")
    assert result.exit_code == 2
    assert "a name has small letters, digits and - only" in result.stderr
    assert not Path("folder").exists()


# ---- check


def test_check_says_no_to_errors_and_with_strict_to_warnings(mine: Path) -> None:
    change(mine, "reasons.yaml", "RC02:", "RC09: {zh: 资料过期, en: Documents expired}\nRC02:")
    result = run("check", mine)
    assert result.exit_code == 0
    assert result.stdout.startswith("warning: reasons.yaml:2:1: reason RC09: nothing gives it\n")
    assert "mine: 0 errors, 1 warning\n" in result.stdout
    assert run("check", mine, "--strict").exit_code == 1
    change(mine, "rules.yaml", "weight: 0.4", "weight: 4")
    result = run("check", mine)
    assert result.exit_code == 1
    assert "weight: expected a number from 0 up to 1 (not 1), found 4" in result.stdout
    assert "mine: 1 error, 0 warnings\n" in result.stdout


def test_check_json_says_where(mine: Path) -> None:
    change(mine, "rules.yaml", "easily_resold", "easily_sold")
    told = parsed("check", mine)
    assert (told["bundle"], told["errors"], told["warnings"]) == (None, 1, 0)
    assert told["examples"] == {"played": 0, "failed": 0}
    (mistake,) = told["mistakes"]
    assert {key: mistake[key] for key in ("code", "path", "line", "severity", "subject")} == {
        "code": "unknown-list", "path": "rules.yaml", "line": 11, "severity": "error", "subject": "rule U-RESOLD"
    }  # fmt: skip
    assert mistake["message"] == "unknown list easily_sold; did you mean easily_resold?"


def test_the_shipped_bundles_pass_the_strict_check() -> None:
    for name in ("paylater", "starter"):
        told = parsed("check", name, "--strict")
        assert (told["errors"], told["warnings"], told["examples"]["failed"]) == (0, 0, 0)


# ---- show


def test_show_of_the_starter() -> None:
    assert_golden(GOLDEN / "bundle_show.txt", run("show", "starter").stdout)


def test_show_json_counts_costs_lists_and_examples() -> None:
    told = parsed("show", "starter")
    assert told["lists"] == {"easily_resold": 3}
    assert told["examples"] == 6
    assert [rule["examples"] for rule in told["rules"]] == [{"fire": 1, "silent": 1}] * 3
    assert all(0 < rule["cost"] < 30 for rule in told["rules"])
    assert told["cost"] <= sum(rule["cost"] for rule in told["rules"])
    assert {"name", "hash", "currency", "features", "rules"} <= told.keys()


# ---- diff


def test_diff_of_equal_bundles(mine: Path) -> None:
    result = run("diff", mine, mine)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "the same"
    assert parsed("diff", mine, mine)["changes"] == []


def test_diff_tells_every_part(mine: Path) -> None:
    other = Path("other")
    shutil.copytree(mine, other)
    change(other, "rules.yaml", "weight: 0.4", "weight: 0.45")
    change(other, "rules.yaml", "0.8 * credit_limit", "0.7 * credit_limit")
    change(other, "rules.yaml", "R-ELSEWHERE", "R-OTHER")
    change(other, "features.yaml", "over: 30d", "over: 7d")
    change(other, "policy.yaml", "hold_for: 24h", "hold_for: 12h")
    change(other, "reasons.yaml", "an invoice", "invoices")
    change(other, "lists/easily_resold.txt", "gold\n", "laptop\n")
    change(other, "bundle.yaml", "lateness: 30d", "lateness: 20d")
    change(other, "examples/first.yaml", "R-ELSEWHERE", "R-OTHER")
    (other / "NOTICE").write_text("ours")
    result = run("diff", mine, other)
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if "->" not in line or ":" in line]
    assert_golden(GOLDEN / "bundle_diff.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("file", "old", "new", "swap"),
    [
        ("rules.yaml", "weight: 0.4", "weight: 0.45", "at-once"), ("policy.yaml", "0.6", "0.5", "at-once"),
        ("features.yaml", "take: sum, of: amount", "take: max, of: amount", "warm"),
        ("bundle.yaml", "currency: CNY", "currency: EUR", "warm"),
    ],
)  # fmt: skip
def test_diff_says_whether_an_engine_can_change_over(mine: Path, file: str, old: str, new: str, swap: str) -> None:
    shutil.copytree(mine, "other")
    change(Path("other"), file, old, new)
    told = parsed("diff", mine, "other")
    assert told["swap"] == swap
    assert told["same"] is False
    assert told["changes"]


def test_diff_of_comments_only_names_the_file(mine: Path) -> None:
    shutil.copytree(mine, "other")
    change(Path("other"), "rules.yaml", "# A rule hits", "# A rule matches")
    (change_,) = parsed("diff", mine, "other")["changes"]
    assert (change_["section"], change_["name"], change_["kind"]) == ("files", "rules.yaml", "changed")


# ---- test


def test_test_plays_the_examples(mine: Path) -> None:
    result = run("test", mine)
    assert (result.exit_code, result.stdout) == (0, "all 6 examples hold\n")
    change(mine, "lists/easily_resold.txt", "phone", "telephone")
    result = run("test", mine)
    assert result.exit_code == 1
    assert result.stdout == (
        "examples/first.yaml:18: a phone for half of the line: expected a hit of U-RESOLD, got no hit; "
        "of U-RESOLD, category in easily_resold does not hold (category is phone)\n"
        "1 of 6 examples does not hold\n"
    )
    told = parsed("test", mine)
    assert (told["played"], told["failed"], len(told["examples"])) == (6, 1, 6)
    shutil.rmtree(mine / "examples")
    result = run("test", mine)
    assert (result.exit_code, result.stdout) == (1, "no examples were played\n")


@pytest.mark.parametrize("command", [["check"], ["show"], ["test"], ["diff", "paylater"]])
def test_a_bundle_that_is_not_there_is_used_wrongly(command: list[str]) -> None:
    result = run(*command, "paylatr")
    assert result.exit_code == 2
    assert "no shipped bundle of this name; did you mean paylater?" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["show", "test", "diff"])
def test_a_bundle_that_does_not_load_is_told_where(mine: Path, command: str) -> None:
    change(mine, "rules.yaml", "easily_resold", "easily_sold")
    result = run(command, mine, *(["paylater"] if command == "diff" else []))
    assert result.exit_code == 2
    assert "error: rules.yaml:11:43: rule U-RESOLD: unknown list easily_sold" in result.stderr


def test_the_starter_is_a_folder_like_any(tmp_path: Path) -> None:
    assert find_bundle("starter").name == "starter"
    assert not os.listdir(tmp_path)
