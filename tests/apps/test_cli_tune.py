"""`bonafide tune` at the command line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from bonafide.engine.bundle import load_bundle
from tests.apps.test_cli import MAPPING, START_MS, only_object, told
from tests.lab.runs import write_bundle

TUNE = ("tune", "log.csv", "--mapping", "mapping.yaml", "--bundle", "small", "--truth", "truth.parquet")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log in which large payments are cash-out, and honest people pay twice in an hour."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    write_bundle(tmp_path / "small")
    rows = []
    for n in range(400):
        bad = n % 10 == 0
        user, amount = (f"bad{n}", 900 + n) if bad else (f"u{n // 4}", 100 + n % 50)
        rows.append(f"{n},{START_MS + n * 900_000},{user},{amount},{int(bad)}")
    (tmp_path / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *rows, ""]))
    pl.DataFrame({
        "event_id": [str(n) for n in range(400)], "label": [int(n % 10 == 0) for n in range(400)],
        "known_at": [START_MS + n * 900_000 + 60_000 for n in range(400)],
    }).write_parquet(tmp_path / "truth.parquet")  # fmt: skip
    return tmp_path


def test_a_bundle_is_tuned_written_and_gives_what_was_told(folder: Path) -> None:
    result = told(*TUNE, "--out", "out", "--evaluations", "60", "--disturbed-max", "2%", "--json", "--html", "t.html")
    assert result.exit_code == 0, result.stderr
    found = only_object(result)
    before, after = found["rows"][0], found["rows"][2]
    assert (before["tuned"]["saved"], after["tuned"]["saved"], after["later"]["saved"]) == (0, 1, 1)
    assert after["tuned"]["disturbed"] <= 0.02
    assert found["evaluations"] <= 60
    written = load_bundle(folder / "out")
    assert written.hash == found["bundle"]
    line = next(band.from_ for band in written.policy.outcomes if band.outcome == "verify")
    assert line == after["line"]
    for name in ("features.yaml", "reasons.yaml", "bundle.yaml"):
        assert (folder / "out" / name).read_bytes() == (folder / "small" / name).read_bytes()
    page = (folder / "t.html").read_text()
    assert "--disturbed-max 2% --evaluations 60 --mapping mapping.yaml" in page
    assert page.count("polyline") == 3


def test_the_text_says_how_much_was_tried_and_what_to_expect(folder: Path) -> None:
    result = told(*TUNE, "--out", "out", "--evaluations", "20", "--disturbed-max", "0.02")
    assert result.exit_code == 0, result.stderr
    assert " sets of weights tried, each at every line; at most 2.0 % of honest users" in result.stdout
    assert "the later part is what to expect" in result.stdout
    assert "Replaying with the tuned bundle" in result.stderr
    again = told(*TUNE, "--out", "again", "--evaluations", "20", "--disturbed-max", "0.02")
    assert load_bundle(folder / "again").hash == load_bundle(folder / "out").hash
    assert again.stdout.replace("again", "out") == result.stdout


def test_labels_that_had_arrived_can_judge(folder: Path) -> None:
    result = told(*TUNE, "--out", "out", "--evaluations", "5", "--labels", "arrived", "--json")
    found = only_object(result)
    assert (found["labels"], found["tuned_part"]["cash_out"], found["later_part"]["cash_out"]) == ("arrived", 24, 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--disturbed-max", "many"], "--disturbed-max many: give a share"),
        (["--disturbed-max", "0"], "--disturbed-max 0: give a share"),
        (["--split", "2020-01-01T00:00:00Z"], "choose a moment between"),
        (["--split", str(START_MS + 8 * 900_000)], "the first part has 1 cash-out payments, and tuning needs 10"),
        (["--out", "small"], "--out small: the folder is not empty"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(folder: Path, options: list[str], message: str) -> None:
    result = told(*TUNE, "--out", "out", *options)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
