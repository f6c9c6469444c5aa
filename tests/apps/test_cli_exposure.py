"""`bonafide exposure` at the command line: what it writes, what it prints, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import polars as pl
import pytest

from bonafide.lab.exposure.told import Exposure
from tests.apps.test_cli import only_object, told
from tests.lab.exposure.kit import at, spenders


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of some payers over five months, as NDJSON."""
    lines = [
        json.dumps(
            {"event_id": f"e{number}", **({} if record["type"] == "payment_status" else {"currency": "CNY"}), **record}
        )
        for number, record in enumerate(spenders(40, 150))
    ]
    (tmp_path / "log.ndjson").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_report_is_written_and_told(log: Path) -> None:
    result = told("exposure", "log.ndjson", "--out", "out", "--as-of", str(at(130)), "--lang", "zh")
    assert result.exit_code == 0, result.stderr
    assert "lost within  30 days" in result.stdout
    read = msgspec.json.decode((log / "out/exposure.json").read_bytes(), type=Exposure)
    assert read.horizons_days == (30, 60)
    assert 0 < read.missed < read.open
    assert sum(one.open for one in read.by_month) == read.open
    merchants = pl.read_parquet("out/merchants.parquet")
    assert merchants["open"].sum() + read.before_log == read.open
    for name in ("report.html", "report.md"):
        page = (log / "out" / name).read_text(encoding="utf-8")
        assert "敞口与早期预警" in page
        assert "bonafide exposure log.ndjson --out out" in page


def test_what_came_after_the_moment_changes_nothing(log: Path) -> None:
    cut = [line for line in (log / "log.ndjson").read_text().splitlines() if json.loads(line)["time"] <= at(110)]
    (log / "part.ndjson").write_text("\n".join(cut), encoding="utf-8")
    moment = ["--as-of", str(at(110)), "--horizons", "30", "--json"]
    one, two = (
        only_object(told("exposure", f"{name}.ndjson", "--out", f"out-{name}", *moment)) for name in ("log", "part")
    )
    assert one == two


def test_a_young_log_says_why_there_is_no_forecast(log: Path) -> None:
    result = told("exposure", "log.ndjson", "--out", "out", "--as-of", str(at(40)))
    assert result.exit_code == 0
    assert "no forecast: the log has less than 60 days before this moment" in result.stdout
    assert "No forecast" in (log / "out/report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [("--horizons", "30,x", "give days, such as 30,60"), ("--horizons", "45", "multiples of 30 days")],
)
def test_wrong_options_are_refused_before_anything_is_made(log: Path, option: str, value: str, says: str) -> None:
    result = told("exposure", "log.ndjson", "--out", "out", option, value)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not (log / "out").exists()
