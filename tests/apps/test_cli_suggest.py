"""`bonafide rules suggest` at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps.test_cli import only_object, told
from tests.lab.suggest.test_suggest import Lived


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suggest")
    Lived(folder).truth.write_parquet(folder / "truth.parquet")
    return folder


def test_rules_and_examples_go_into_a_bundle_that_check_has_nothing_against(
    lived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lived)
    command = ("rules", "suggest", "log.ndjson", "--truth", "truth.parquet", "--bundle", "small", "--out", "s.yaml")
    result = told(*command, "--typology", "off_hours", "--examples", "e.yaml", "--json")
    assert result.exit_code == 0, result.stderr
    found = only_object(result)
    ids = [rule["id"] for rule in found["rules"]]
    assert ids[0] == "S-OFF-HOURS-1"
    assert found["labels"] == "arrived"
    text = (lived / "s.yaml").read_text()
    assert text.startswith(f"# Found by: bonafide {' '.join(command[:5])} --out s.yaml --bundle small")
    rules = lived / "small" / "rules.yaml"
    rules.write_text(rules.read_text() + text)
    (lived / "small" / "examples").mkdir()
    (lived / "e.yaml").rename(lived / "small" / "examples" / "e.yaml")
    checked = told("rules", "check", *ids, "--bundle", "small", "--strict")
    assert checked.exit_code == 0, checked.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--typology", "off_hour"], 2, "--typology off_hour: there is no such kind; did you mean off_hours?"),
        (["--typology", "bust_out"], 1, "too few payments known to be of the kind: bust_out (0)"),
        (["--split", "2020-01-01T00:00:00Z"], 2, "no payments lie before or after it"),
        (["--examples", "truth.parquet"], 2, "this file is also read, or written to"),
    ],
)
def test_what_cannot_be_done_is_said(
    lived: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(lived)
    result = told("rules", "suggest", "log.ndjson", "--truth", "truth.parquet", "--bundle", "small", "--out", "x.yaml",
                  *arguments)  # fmt: skip
    assert (result.exit_code, message in result.stdout + result.stderr) == (code, True), result.stderr
