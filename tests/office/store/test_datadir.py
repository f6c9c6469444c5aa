"""The data directory: made once, private, and never made of a folder that is something else."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bonafide.core.errors import BonafideError, StateError, UsageError
from bonafide.office.store.datadir import SECRET_BYTES, DataDir, write_once


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_data_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "above" / "data")
    assert mode(data.folder) == 0o700
    assert mode(data.secret) == 0o600
    assert len(data.secret.read_text().strip()) == 2 * SECRET_BYTES
    assert os.listdir(data.folder) == ["secret"]
    assert {data.journal.name, data.ids.name, data.office.name} == {"journal.db", "ids.db", "office.db"}


def test_the_secret_is_drawn_once(tmp_path: Path) -> None:
    first = DataDir.open(tmp_path / "data").read_secret()
    assert len(first) == SECRET_BYTES
    assert DataDir.open(tmp_path / "data").read_secret() == first
    assert DataDir.open(tmp_path / "other").read_secret() != first


def test_many_who_open_it_at_once_get_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: DataDir.open(tmp_path / "data").read_secret(), range(32)))
    assert len(set(found)) == 1
    assert os.listdir(tmp_path / "data") == ["secret"]


@pytest.mark.parametrize("names", [[], ["bonafide.toml"], ["lost+found"], [".keep"], ["secret.12.ab", "office.db"]])
def test_an_empty_folder_becomes_one_and_keeps_what_may_lie_there(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    DataDir.open(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "secret"])


def test_a_folder_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt", "lock"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match=r"is no data directory, it holds a.txt, b.txt, c.txt, ...; name another"):
        DataDir.open(tmp_path)
    assert not (tmp_path / "secret").exists()


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(UsageError, match="is a file; the data directory is a folder"):
        DataDir.open(tmp_path / "data")


@pytest.mark.parametrize("name", ["", "missing"])
def test_where_none_may_be_made_none_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no data directory here"):
        DataDir.open(tmp_path / name, create=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", ["", "abc", "zz" * SECRET_BYTES, "ab" * (SECRET_BYTES + 1), "é"])
def test_a_damaged_secret_is_told_and_not_shown(tmp_path: Path, text: str) -> None:
    data = DataDir.open(tmp_path / "data")
    data.secret.write_text(text)
    with pytest.raises(StateError, match="restore it from a backup") as caught:
        data.read_secret()
    assert not text or text not in str(caught.value).replace(str(tmp_path), "")


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BonafideError, match="cannot be"):
        DataDir.open(tmp_path / "file" / "data")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_once(tmp_path / "x", "first")
    write_once(tmp_path / "x", "second")
    assert (tmp_path / "x").read_text() == "first"
    assert os.listdir(tmp_path) == ["x"]
