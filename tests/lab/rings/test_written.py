"""What is written are events that the door takes, in a fixed order, with ids that follow from what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bonafide.core.errors import UsageError
from bonafide.core.events import Group
from bonafide.lab.inputs import read_chunks
from bonafide.lab.rings import Found, Ties, check_target, group_rows, write_groups
from bonafide.lab.rings.found import GROUPS_MAX, group, kept
from tests.lab.rings.kit import START_MS, ties

UNTIL, VALID = START_MS, START_MS + 1_000


def rows(tied: Ties, found: list[Found], valid: int = VALID) -> list[Group]:
    return list(group_rows({"components": found}, tied, UNTIL, valid))


def test_every_member_gets_an_event_with_its_groups_id() -> None:
    tied = ties(users=3, merchants=1)
    told = rows(tied, [group(np.array([3, 1]), 0.5), group(np.array([0]), 0.25)])
    assert [(one.subject_type, one.subject_id, one.score) for one in told] == [
        ("user", "u0001", 0.5), ("merchant", "m0000", 0.5), ("user", "u0000", 0.25),
    ]  # fmt: skip
    assert told[0].group_id == told[1].group_id != told[2].group_id
    assert {(one.time, one.valid_until, one.method) for one in told} == {(UNTIL, VALID, "components")}
    assert len({one.event_id for one in told}) == 3


def test_ids_follow_from_what_is_said() -> None:
    tied, one = ties(users=3), group(np.array([0, 1]), 0.5)
    assert rows(tied, [one]) == rows(tied, [one])
    other_score, other_end = rows(tied, [group(np.array([0, 1]), 0.6)]), rows(tied, [one], VALID + 1)
    for changed in (other_score, other_end):
        assert changed[0].group_id == rows(tied, [one])[0].group_id
        assert changed[0].event_id != rows(tied, [one])[0].event_id


@pytest.mark.parametrize("name", ["deep/g.ndjson", "g.parquet"])
@pytest.mark.parametrize("some", [True, False])
def test_what_is_written_is_read_back_as_events(tmp_path: Path, name: str, some: bool) -> None:
    told = rows(ties(users=300), [group(np.arange(300), 1 / 3)] if some else [])
    path = tmp_path / name
    assert write_groups(iter(told), path) == len(told)
    first = path.read_bytes()
    write_groups(iter(told), path)
    assert path.read_bytes() == first
    assert [one.name for one in path.parent.iterdir() if one.is_file()] == [path.name]
    if some:
        (chunk,) = read_chunks([path])
        assert (chunk.read, chunk.frame.height) == (300, 300)
        assert chunk.frame["event_id"].to_list() == [one.event_id for one in told]
        assert chunk.frame["score"].to_list() == [0.333333] * 300


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"name a file that ends in \.ndjson or \.parquet"):
        check_target(tmp_path / "g.csv")


def test_only_the_highest_groups_up_to_the_bound_are_kept() -> None:
    many = [group(np.array([number]), 0.5 + number / 10_000) for number in range(GROUPS_MAX + 5)]
    chosen = kept([*many, group(np.array([7]), 0.4)], 0.45)
    assert len(chosen) == GROUPS_MAX
    assert chosen[0].members.tolist() == [GROUPS_MAX + 4]
    assert chosen[-1].members.tolist() == [5]
