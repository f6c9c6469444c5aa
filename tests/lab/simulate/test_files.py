"""The files of a run: same seed, same bytes; and the page tells what is in the others."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from bonafide.lab import tables
from bonafide.lab.base_rates import Written, measure
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.lab.simulated_text import page, shown

FILES = ("README.md", "events.parquet", "flows.parquet", "loops.parquet", "subjects.parquet", "truth.parquet")


def write(folder: Path, name: str = "small", seed: int = 1) -> Written:
    folder.mkdir(exist_ok=True)
    return write_run(Simulation(scenario(name, 250, 60, 15), seed), folder, lambda done, total: None)


def contents(folder: Path) -> list[bytes]:
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    return [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def written(folder: Path) -> Written:
    return write(folder)


def test_same_seed_gives_same_bytes_and_another_seed_others(written: Written, folder: Path, tmp_path: Path) -> None:
    assert write(tmp_path / "again") == written
    assert contents(tmp_path / "again") == contents(folder)
    write(tmp_path / "other", seed=2)
    assert all(one != other for one, other in zip(contents(folder), contents(tmp_path / "other"), strict=True))


def test_a_log_that_goes_to_part_files_is_the_same_log_twice(
    written: Written, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS_HELD_MAX", 1)
    monkeypatch.setattr("bonafide.lab.simulate.feed.PIECE_EVENTS", 900)
    assert write(tmp_path / "a") == write(tmp_path / "b") == written
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert pl.read_parquet(tmp_path / "a" / "events.parquet").equals(pl.read_parquet(folder / "events.parquet"))


def test_an_earlier_run_gives_way_and_what_is_not_of_it_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "truth.parquet").write_text("old")
    write(tmp_path)
    assert pl.read_parquet(tmp_path / "truth.parquet").height > 100
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_that_is_broken_off_leaves_no_file(tmp_path: Path) -> None:
    def stop(done: float, total: float) -> None:
        raise KeyboardInterrupt

    simulation = Simulation(scenario("small", 60, 20, 7), 1)
    with pytest.raises(KeyboardInterrupt):
        write_run(simulation, tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_base_rates_are_those_of_the_files(written: Written, folder: Path) -> None:
    rates = measure(folder)
    assert rates == written.rates
    log, truth = pl.read_parquet(folder / "events.parquet"), pl.read_parquet(folder / "truth.parquet")
    known = truth.select("event_id", bad=pl.col("label") == 1)
    payments = log.filter(type="payment").unique("event_id").join(known, on="event_id")
    assert (rates.events, rates.payments) == (log.height, payments.height)
    assert rates.by_type["payment"] == rates.payments + rates.payments_sent_twice
    assert rates.money == payments["amount"].sum()
    assert rates.credit_money == payments.filter(pay_with="credit")["amount"].sum()
    assert rates.cash_out_payments == sum(rates.typologies.values()) == truth["label"].sum() > 0
    assert rates.cash_out_credit_money == payments.filter("bad")["amount"].sum()
    assert sum(rates.labels.values()) == truth["known_at"].count()
    assert (rates.users, rates.merchants) == (250, 60)
    loops, flows = pl.read_parquet(folder / "loops.parquet"), pl.read_parquet(folder / "flows.parquet")
    assert (rates.loops, rates.loops_returned) == (loops.height, loops["returned"].sum())
    assert 0 < rates.loops_advanced <= rates.loops_visible == loops["visible"].sum()
    assert sum(rates.flows.values()) == flows.height > 0
    assert sum(written.balances.values()) == 0
    assert written.flows["paid on credit"] == rates.credit_money


def test_the_page_tells_how_to_make_the_run_again_and_that_its_books_are_closed(written: Written) -> None:
    text = page(written)
    command = "bonafide simulate --out DIR --scenario small --users 250 --merchants 60 --days 15 --seed 1"
    assert f"```sh\n{command}\n```" in text
    assert "| **sum** | 0.00 |" in text
    assert f"| cash-out payments | {written.rates.cash_out_payments:,} |" in text
    for name in (
        *written.rates.by_type,
        *written.rates.typologies,
        *written.rates.lookalikes,
        *written.rates.flows,
        *written.flows,
    ):
        assert re.search(rf"^\| {re.escape(name)} \| [\d,.]+ \|$", text, re.MULTILINE), name
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text)


def test_a_platform_without_cash_out_has_a_page_and_a_summary(tmp_path: Path) -> None:
    written = write(tmp_path, "calm")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "## Cash-out by typology\n\nNone." in text
    assert "## Labels that arrived\n\nNone." in text
    assert "## Cash that came home\n\nNone." in text
    assert written.rates.label_delay_days_p50 is None
    assert "0 of them cash-out (0.00 % of credit money)" in shown(written)
