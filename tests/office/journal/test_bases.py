"""Bases of decisions: written with them or not at all, each once; they expire, are forgotten, and damage is seen."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from math import inf, isnan, nan
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.engine.basis import Basis, pack_all
from bonafide.engine.kernels import load_kernels
from bonafide.office.journal import Journal, JournalDamagedError
from bonafide.office.journal.bases import KeptBasis, pack_inputs, unpack_inputs
from tests.office.journal.kit import START_MS, record


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "data")
    yield opened
    opened.close()


def kept(place: int, user: int | None = 7, merchant: int | None = None, at: int = START_MS) -> KeptBasis:
    return KeptBasis(place, at, Basis(user, merchant, [float(place), nan, 0.5]))


def places(journal: Journal) -> list[int]:
    return [seq for seq in range(journal.next_seq) if journal.inputs_of(seq) is not None]


@given(st.lists(st.floats()))
def test_inputs_come_back_as_they_were(inputs: list[float]) -> None:
    found = unpack_inputs(pack_inputs(inputs))
    assert all(isinstance(value, float) for value in found)
    assert [None if isnan(v) else v for v in found] == [None if isnan(v) else v for v in inputs]
    assert unpack_inputs(pack_inputs([inf, -inf, 2.0**60, -(2.0**53)])) == [inf, -inf, 2.0**60, -(2.0**53)]


def packed_slowly(inputs: list[float]) -> bytes:
    """What is kept of inputs, number by number."""
    is_whole = [v == v and abs(v) < 2.0**53 and v == v // 1 for v in inputs]
    told = [None if isnan(v) else int(v) if whole else v for v, whole in zip(inputs, is_whole, strict=True)]
    return msgspec.msgpack.encode(told)


EDGES = st.sampled_from([5, 7, 8, 15, 16, 31, 32, 53, 63]).flatmap(
    lambda bits: st.integers(-2, 2).map(lambda by: float(2**bits + by)) | st.just(float(2**bits))
)


@settings(max_examples=30)
@given(st.lists(st.lists(st.floats() | EDGES | EDGES.map(lambda v: -v), max_size=20), max_size=5))
def test_many_are_packed_as_each_by_itself(lists: list[list[float]]) -> None:
    long = [[0.5] * 70_000] if lists == [[]] else []
    assert pack_all(lists + long, load_kernels()) == [packed_slowly(one) for one in lists + long]


def test_they_stand_beside_their_events_also_after_a_start(tmp_path: Path, journal: Journal) -> None:
    journal.append([record(0)])
    journal.append([record(1), record(2), record(3)], bases=[kept(0), kept(2)])
    assert places(journal) == [1, 3]
    journal.close()
    again = Journal.open(tmp_path / "data")
    assert places(again) == [1, 3]
    found = again.inputs_of(3)
    assert found is not None
    assert (found[0], isnan(found[1]), found[2]) == (2.0, True, 0.5)
    again.close()


def test_a_commit_that_fails_leaves_neither_events_nor_bases(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bonafide.office.journal.writing.COMMIT_BYTES_MAX", 9)
        with pytest.raises(ValueError, match="a commit of"):
            journal.append([record(0), record(1)], bases=[kept(0), kept(1)])
    assert (journal.next_seq, journal.inputs_of(0)) == (0, None)
    journal.append([record(0), record(1)], bases=[kept(1)])
    assert places(journal) == [1]


def test_they_expire_oldest_first(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.journal.bases.DROPPED_AT_ONCE", 2)
    journal.append([record(n) for n in range(5)], bases=[kept(n, at=START_MS + n) for n in range(5)])
    assert journal.expire_bases(START_MS) == 0
    assert [journal.expire_bases(START_MS + 3) for _ in range(3)] == [2, 1, 0]
    assert places(journal) == [3, 4]


def test_those_about_a_subject_go_however_many(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.journal.bases.DROPPED_AT_ONCE", 3)
    monkeypatch.setattr("bonafide.office.journal.bases.LOOKED_AT_ONCE", 4)
    users = [7 if n % 2 else 8 for n in range(20)]
    journal.append(
        [record(n) for n in range(20)], bases=[kept(n, user, None if n else 7) for n, user in enumerate(users)]
    )  # fmt: skip
    assert journal.drop_bases({("account", 7)}) == 0
    assert journal.drop_bases({("user", 7), ("merchant", 9)}) == 10
    assert places(journal) == [0, *range(2, 20, 2)]
    assert journal.drop_bases({("merchant", 7)}) == 1
    assert journal.verify().events == 20


@pytest.mark.parametrize("change", ["inputs = x'90'", "user = 8", "received_ms = 0", "seq = 9"])
def test_a_basis_that_is_not_what_was_written_is_told_to_nobody(tmp_path: Path, journal: Journal, change: str) -> None:
    journal.append([record(n) for n in range(10)], bases=[kept(0)])
    with sqlite3.connect(tmp_path / "data" / "journal.db") as other:
        other.execute(f"UPDATE bases SET {change}")
    with pytest.raises(JournalDamagedError, match="the basis of event"):
        journal.inputs_of(9 if "seq" in change else 0)
    with pytest.raises(JournalDamagedError, match="the basis of event"):
        journal.verify()


_WRITER = """
import sys
from pathlib import Path
from bonafide.office.journal import Journal
from tests.office.journal.kit import record
from tests.office.journal.test_bases import kept
journal = Journal.open(Path(sys.argv[1]))
while True:
    first = journal.next_seq
    some = range(first, first + 1 + first % 5)
    journal.append([record(n) for n in some], bases=[kept(at) for at, n in enumerate(some) if n % 2])
    print(journal.next_seq, flush=True)
"""


@pytest.mark.drill
@given(kills=st.lists(st.integers(1, 60), min_size=3, max_size=3))
@settings(max_examples=8, deadline=None)
def test_whoever_is_killed_has_written_bases_with_their_events_and_each_once(kills: list[int]) -> None:
    with TemporaryDirectory() as name:
        for lines in kills:
            with subprocess.Popen([sys.executable, "-c", _WRITER, name], stdout=subprocess.PIPE) as writer:
                assert writer.stdout is not None
                told = [int(writer.stdout.readline()) for _ in range(lines)]
                writer.kill()
            journal = Journal.open(Path(name))
            assert journal.next_seq >= told[-1]
            assert places(journal) == [seq for seq in range(journal.next_seq) if seq % 2]
            assert journal.verify().events == journal.next_seq
            journal.close()
