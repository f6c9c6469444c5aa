"""`ids.db`: the same answers as a dictionary, however it is cut and merged; lost or damaged, it is made anew."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.office.journal import Journal, id_runs
from bonafide.office.journal.id_keys import keys_of
from bonafide.office.journal.id_runs import IdRuns, IdsDamagedError
from tests.office.journal.kit import answers, fill, record

IDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)


@given(st.lists(IDS, min_size=1, max_size=20), st.integers(0, 2**64 - 1))
def test_a_key_does_not_depend_on_the_ids_beside_it(ids: list[str], salt: int) -> None:
    assert keys_of(ids, salt).tolist() == [int(keys_of([one], salt)[0]) for one in ids]


def test_keys_of_many_ids_differ_and_are_spread() -> None:
    ids = [f"payment-{n}" for n in range(200_000)]
    keys = keys_of(ids, 7)
    assert len(np.unique(keys)) == len(ids)
    counted = np.bincount((keys >> 58) + 32, minlength=64)
    assert counted.min() > 0.9 * len(ids) / 64
    assert not np.intersect1d(keys, keys_of(ids, 8)).size


def test_runs_answer_as_a_dictionary_when_cut_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_runs, "BLOCK_IDS", 4)
    monkeypatch.setattr(id_runs, "RUNS_MERGED", 3)
    monkeypatch.setattr(id_runs, "RUN_IDS_MAX", 300)
    chance = np.random.default_rng(5)
    runs, twin, seq = IdRuns(tmp_path), defaultdict(list), 0
    for _ in range(80):
        ids = list(dict.fromkeys(f"e{n}" for n in chance.integers(0, 400, chance.integers(1, 25))))
        seqs = list(range(seq, seq + len(ids)))
        for one, place in zip(ids, seqs, strict=True):
            twin[one].append(place)
        seq += len(ids)
        runs.add(ids, seqs, seq)
    assert runs.covered == seq
    assert 2 < len(runs._runs) < 20
    for again in (runs, IdRuns(tmp_path)):
        assert {one: again.seqs_of(one, seq)[::-1] for one in twin} == dict(twin)
        assert again.seqs_of("nobody", seq) == []
        with pytest.raises(IdsDamagedError):
            again.seqs_of("e1", seq + 1)
        again.close()


def test_equal_keys_are_told_apart_by_the_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_runs, "keys_of", lambda ids, salt: np.full(len(ids), 7, dtype=np.int64))
    journal = Journal.open(tmp_path / "data")
    journal.append([record(n) for n in range(20)])
    journal._ids.write_away(all_of_them=True)
    assert [journal.find(f"e{n}") for n in range(20)] == [(n, record(n)) for n in range(20)]
    assert journal.find("nobody") is None
    journal.close()


@pytest.mark.parametrize("lost", ["gone", "empty", "other", "ahead", "no database"])
def test_a_useless_cache_is_made_anew(tmp_path: Path, lost: str) -> None:
    journal = Journal.open(tmp_path / "data")
    fill(journal)
    told = answers(journal)
    journal.close()
    path = tmp_path / "data" / "ids.db"
    if lost == "gone":
        path.unlink()
    elif lost == "empty":
        path.write_bytes(b"")
    elif lost == "no database":
        path.write_bytes(b"something else" * 1_000)
    elif lost == "other":
        path.unlink()
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE x (y)")
    else:
        runs = IdRuns(tmp_path / "data")
        runs.add(["more"], [runs.covered], runs.covered + 1)
        runs.close()
    again = Journal.open(tmp_path / "data")
    assert answers(again) == told
    again.close()


def test_a_cache_damaged_while_it_serves_is_made_anew(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "data")
    fill(journal)
    told = answers(journal)
    journal._ids.write_away(all_of_them=True)
    journal._ids._runs._writer.execute("UPDATE blocks SET entries = zeroblob(length(entries))")
    journal.append([record(99)])
    assert journal.find("e3") == told.found[3]
    journal._ids._runs._writer.execute("DELETE FROM runs")
    assert journal.find("e99") == (journal.next_seq - 1, record(99))
    assert journal.find("e4") == told.found[4]
    journal._ids._runs._writer.execute("DROP TABLE blocks")
    journal._ids.write_away(all_of_them=True)
    assert journal.find("e99") == (journal.next_seq - 1, record(99))
    journal.close()
    again = Journal.open(tmp_path / "data")
    assert again.find("e99") == (again.next_seq - 1, record(99))
    again.close()
