"""`bonafide trace`: what people read in both languages, JSON, the picture, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from tests.engine.kit import assert_golden
from tests.lab.runs import as_lines
from tests.lab.trace.kit import ring_log, write_trace_bundle

GOLDEN = Path(__file__).parent / "golden"
IDS = re.compile(r"\b(?:CNY|UTC|SF1|(?:[a-z]{1,2}[0-9]*|o-p[0-9])|zhao|wang)\b")


def told(*arguments: object, width: int = 100) -> Result:
    """What a command wrote and how it ended; an error of ours may not come through as an exception."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": str(width)})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a log, its bundle, and what a replay of the one under the other left in `out`."""
    (tmp_path / "log.ndjson").write_bytes(as_lines(ring_log()))
    write_trace_bundle(tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    assert told("replay", "log.ndjson", "--bundle", "small", "--out", "out").exit_code == 3
    return tmp_path


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("subject", ["u1", "m1", "t1", "ag", "p9"])
def test_a_trace_reads_as_written_down(folder: Path, subject: str, lang: str) -> None:
    result = told("trace", subject, "--in", "out", "--lang", lang, width=90)
    assert result.exit_code == 0
    assert_golden(GOLDEN / f"trace_{subject}_{lang}.txt", result.stdout)


@pytest.mark.parametrize("subject", ["u1", "m1", "t1", "ag", "p9"])
def test_a_chinese_trace_holds_no_english_word(folder: Path, subject: str) -> None:
    text = told("trace", subject, "--in", "out", "--lang", "zh").stdout.replace("--limit", "").replace("--json", "")
    assert re.findall(r"[A-Za-z]{2,}", IDS.sub("", text)) == []


def test_the_limit_holds_in_the_text_and_not_in_json(folder: Path) -> None:
    text = told("trace", "u1", "--in", "out", "--limit", 1).stdout
    assert "and 3 more" in text
    assert "t2" not in text
    result = told("trace", "u1", "--in", "out", "--limit", 1, "--json")
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert len(json.loads(result.stdout)["money"]["loops"]) == 4


def test_nothing_after_until_is_told(folder: Path) -> None:
    found = json.loads(told("trace", "u1", "--in", "out", "--json", "--until", "2026-01-06T00:00:00Z").stdout)
    assert (found["until"], found["money"]["payments"]) == ("2026-01-06T00:00:00.000Z", 1)
    assert told("trace", "p3", "--in", "out", "--until", "2026-01-06T00:00:00Z").exit_code == 1
    assert told("trace", "u1", "--in", "out", "--until", "soon").exit_code == 2


def test_a_picture_is_written_beside_the_text_and_over_nothing_that_is_read(folder: Path) -> None:
    result = told("trace", "u1", "--in", "out", "--svg", "u1.svg")
    assert (result.exit_code, (folder / "u1.svg").read_text(encoding="utf-8")[:4]) == (0, "<svg")
    for taken in ("log.ndjson", "out/decisions.parquet", "out"):
        before = (folder / taken).stat().st_size
        assert told("trace", "u1", "--in", "out", "--svg", taken).exit_code == 2
        assert (folder / taken).stat().st_size == before


def test_an_id_of_nothing_or_of_several_things_is_told(folder: Path) -> None:
    unknown = told("trace", "u11", "--in", "out")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "no user, merchant, account or event of this id is in the log of out; did you mean" in unknown.stderr
    several = told("trace", "u2", "--in", "out")
    assert (several.exit_code, several.stdout) == (2, "")
    assert "names several things in the log: user and account; add --as user or --as account" in several.stderr
    assert told("trace", "u2", "--in", "out", "--as", "account").exit_code == 0
    assert told("trace", "u2", "--in", "out", "--as", "merchant").exit_code == 1
    assert told("trace", "", "--in", "out").exit_code == 2
    assert told("trace", "u1", "--in", "nowhere").exit_code == 2
    assert json.loads(told("trace", "u2", "--in", "out", "--json").stdout)["status"] == "several"
