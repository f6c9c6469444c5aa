"""`bonafide train` at the command line: the bundle that it writes decides, and what is refused is refused in words."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from bonafide.core.events import Fact, Payment, Verdict
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.bundle import load_bundle
from tests.apps.test_cli import START_MS, told
from tests.lab.runs import as_lines, write_bundle

DAYS = 50


def log_of(users: int) -> list[Fact]:
    """Three payments of each user; those of every tenth are large and by night, and half of them become known."""
    rng = np.random.Generator(np.random.PCG64(11))
    events: list[Fact] = []
    for user in range(users):
        bad = user % 10 == 0
        day = int(rng.integers(0, DAYS))
        for n in range(3):
            time = START_MS + day * DAY_MS + int(rng.integers(0, 20)) * HOUR_MS + n
            amount = int(rng.integers(400, 2_000) if bad else rng.integers(20, 700))
            name = f"p{user}.{n}"
            events.append(Payment(
                event_id=name, time=time, user_id=f"u{user}", merchant_id=f"m{user % 5}", order_id=name, amount=amount,
                currency="CNY", channel="app" if user % 2 else "web", credit_limit=100_000,
            ))  # fmt: skip
            if bad and user % 20 == 0:
                events.append(Verdict(
                    event_id=f"v{name}", time=time + int(rng.integers(1, 60)) * HOUR_MS, subject_type="event",
                    subject_id=name, label="cash_out", source="analyst", user_id=f"u{user}",
                ))  # fmt: skip
    return sorted(events, key=lambda event: event.time)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log, its truth, a small bundle whose training is short, and what training made of them."""
    folder = tmp_path_factory.mktemp("train")
    events = log_of(900)
    (folder / "log.ndjson").write_bytes(as_lines(events))
    payments = [event.event_id for event in events if isinstance(event, Payment)]
    label = [int(name[1:].split(".")[0]) % 10 == 0 for name in payments]
    pl.DataFrame({
        "event_id": payments, "label": pl.Series(label).cast(pl.Int8),
        "known_at": pl.Series([None] * len(label), dtype=pl.Int64),
        "typology": ["drain_the_line" if bad else None for bad in label],
    }).write_parquet(folder / "truth.parquet")  # fmt: skip
    write_bundle(folder / "base")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        result = told(*command("one"), "--truth", "truth.parquet", "--segment", "goods", "--json")
    assert result.exit_code == 0, result.output
    (folder / "told.json").write_text(result.stdout)
    (folder / "said.txt").write_text(result.stderr)
    return folder


def command(out: str) -> list[str]:
    return ["train", "log.ndjson", "--out", out, "--bundle", "base"]


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def test_the_bundle_holds_the_base_and_a_model_that_decides(folder: Path) -> None:
    bundle = load_bundle(folder / "one")
    assert bundle.compiled.scheme.trees is not None
    assert (folder / "one" / "rules.yaml").read_bytes() == (folder / "base" / "rules.yaml").read_bytes()
    calibration = yaml.safe_load((folder / "one/model/calibration.yaml").read_text())
    assert set(calibration) == {"rules_weight", "knots"}
    assert told("bundle", "check", "one").exit_code == 0
    assert told("replay", "log.ndjson", "--out", "by_model", "--bundle", "one").exit_code == 0
    scores = pl.read_parquet("by_model/decisions.parquet").filter(pl.col("type") == "payment")["score"]
    assert scores.n_unique() > 5


def test_the_same_command_data_and_seed_give_the_same_bytes(folder: Path) -> None:
    result = told(*command("one"), "--truth", "truth.parquet", "--segment", "goods", "--force")
    assert result.exit_code == 0
    assert "by the truth" in result.stdout
    again = told(*command("two"), "--truth", "truth.parquet", "--segment", "goods")
    assert again.exit_code == 0
    for name in ("model.txt", "model.npz", "calibration.yaml"):
        assert (folder / "one/model" / name).read_bytes() == (folder / "two/model" / name).read_bytes()
    one, two = ((folder / name / "model/card.html").read_text() for name in ("one", "two"))
    assert one.replace("--out one", "--out two") == two


def test_json_prints_the_figures_and_nothing_else(folder: Path) -> None:
    figures = yaml.safe_load((folder / "told.json").read_text())
    assert figures["payments"] == 2_700
    assert figures["test"]["by_truth"]["model"]["values"]["ap"] > 0.2  # one in ten is cash-out
    assert {group["name"] for group in figures["segments"]["channel"]} == {"app", "web"}
    assert [group["name"] for group in figures["segments"]["goods"]] == ["not told"]
    assert "has no model/inputs.yaml" in (folder / "said.txt").read_text()


def test_a_folder_that_is_no_bundle_is_not_replaced(folder: Path) -> None:
    (folder / "letters").mkdir(exist_ok=True)
    (folder / "letters" / "dear.txt").write_text("Dear")
    assert told(*command("letters")).exit_code == 2
    refused = told(*command("letters"), "--force")
    assert refused.exit_code == 2
    assert "no bundle" in refused.stderr
    assert (folder / "letters" / "dear.txt").read_text() == "Dear"


def test_files_of_an_older_bundle_do_not_stay(folder: Path) -> None:
    write_bundle(folder / "older")
    (folder / "older" / "lists").mkdir()
    (folder / "older" / "lists" / "shops.txt").write_text("m1\n")
    assert told(*command("older"), "--force").exit_code == 0
    assert not (folder / "older" / "lists" / "shops.txt").exists()


def test_a_log_without_labels_ends_with_one_and_a_sentence(folder: Path) -> None:
    (folder / "silent.ndjson").write_bytes(as_lines([e for e in log_of(60) if isinstance(e, Payment)]))
    result = told("train", "silent.ndjson", "--out", "none", "--bundle", "base")
    assert result.exit_code == 1
    assert "confirmed as cash-out" in result.stderr


def test_refused_records_end_with_three_and_are_counted(folder: Path) -> None:
    (folder / "bad.ndjson").write_bytes((folder / "log.ndjson").read_bytes() + b'{"type":"payment"}\n')
    result = told("train", "bad.ndjson", "--out", "bad", "--bundle", "base")
    assert result.exit_code == 3
    assert "refused records: 1" in result.stderr
    assert (folder / "bad" / "model" / "model.txt").is_file()


@pytest.mark.parametrize("name", ["amount_of_line", "amount", "chanel", "event_id"])
def test_a_segment_that_is_none_is_refused(folder: Path, name: str) -> None:
    result = told(*command("x"), "--segment", name)
    assert result.exit_code == 2
    assert "--segment" in result.stderr


def test_without_the_extra_one_sentence_says_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    result = told(*command("x"))
    assert result.exit_code == 2
    assert "pip install 'bonafide[train]'" in result.stderr
