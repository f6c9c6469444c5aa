"""The public datasets, read where they lie with the mappings that are shipped for them."""

from __future__ import annotations

import tarfile
from pathlib import Path

import polars as pl
import pytest

from bonafide.lab.inputs import load_mapping
from tests.lab.inputs.samples import Read, read_all

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
MAPPINGS = ROOT / "mappings"
HEAD_ROWS = 20_000


def dataset(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the public dataset {name} is not here")
    return path


def read(folder: Path, path: Path, mapping: str) -> Read:
    return read_all(folder, path, mapping=load_mapping(MAPPINGS / mapping), rows=HEAD_ROWS)


@pytest.mark.parametrize("mapping", sorted(MAPPINGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_mapping_loads(mapping: Path) -> None:
    assert load_mapping(mapping).types


def test_antico_is_read_whole(tmp_path: Path) -> None:
    data = read(tmp_path, dataset("antico/transactions.gz"), "antico.yaml")
    assert (data.read, data.frame.height, data.rejects) == (106_501, 106_501, [])
    assert data.truth["label"].value_counts().sort("label").rows() == [(0, 104_075), (1, 2_426)]
    assert data.frame["credit_limit"].null_count() == 0
    assert data.frame["time"].is_sorted()
    first = data.frame.filter(line=2).row(0, named=True)
    assert (first["amount"], first["credit_limit"], first["user_id"]) == (155_322, 7_800_000, "u4939762526288")


def test_s_ffsd_loses_only_its_amounts_of_zero(tmp_path: Path) -> None:
    data = read(tmp_path, dataset("s-ffsd/S-FFSD-first-80-percent.csv.gz"), "s-ffsd.yaml")
    assert (data.read, data.frame.height) == (62_304, 56_602)
    assert {(reject["field"], reject["value"]) for reject in data.rejects} == {("amount", "0")}
    assert set(data.truth["label"]) == {0, 1}


def test_the_handbook_loses_only_its_amounts_of_zero(tmp_path: Path) -> None:
    path = dataset("handbook/transactions-2018-04-01-to-2018-08-21.parquet")
    head = tmp_path / "head.parquet"
    pl.scan_parquet(path).filter((pl.col("TRANSACTION_ID") < HEAD_ROWS) | (pl.col("TX_AMOUNT") < 0.01)).sink_parquet(
        head
    )
    data = read(tmp_path, head, "handbook.yaml")
    assert data.frame.height == HEAD_ROWS
    assert [(reject["field"], reject["value"]) for reject in data.rejects] == [("amount", "0")] * 32
    assert data.frame.row(0)[3:] == ("0", 1_522_540_831_000, "u596", "m3156", "0", 5_716, "EUR", "credit")


@pytest.mark.parametrize("name", ["20K_cycle200", "20K_fanin200"])
def test_amlsim_is_read_whole(tmp_path: Path, name: str) -> None:
    with tarfile.open(dataset(f"amlsim/{name}.tgz")) as archive:
        archive.extract(f"{name}/transactions.csv", tmp_path, filter="data")
    data = read(tmp_path, tmp_path / name / "transactions.csv", "amlsim.yaml")
    assert data.rejects == []
    assert data.read == data.frame.height > 117_000
    assert data.frame["from_account_id"].str.starts_with("a").all()
