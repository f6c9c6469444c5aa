"""How often rules held: counted once each, whatever the steps, and anew where the log is another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.bundles.hits import HIT_DAYS_KEPT, HITS_FILE, WRITE_EVERY_MS, HitCounter, read_counts, tell_hits
from bonafide.office.journal import Record

BUNDLES = ("aa", "bb")
RULES = ("U-BURST", "M-NIGHT", "O-RETURNS")
DECIDED = st.tuples(
    st.integers(0, 40), st.sampled_from(BUNDLES), st.sets(st.sampled_from(RULES)), st.sampled_from(["allow", "hold"]),
    st.sampled_from([None, "champion", "challenger"]),
)  # fmt: skip


class Told:
    """A log in memory, three records a commit."""

    def __init__(self, records: Sequence[Record], chain: bytes = b"c") -> None:
        self.records, self.chain = [*records], chain

    def next_seq(self) -> int:
        return len(self.records)

    def commits(self, from_seq: int, until: int) -> list[tuple[int, list[Record]]]:
        return [(at, self.records[at : min(at + 3, until)]) for at in range(from_seq, until, 3)]

    def chain_at(self, seq: int) -> bytes | None:
        return self.chain + str(seq).encode()


def record(day: int, bundle: str, hits: set[str], outcome: str, arm: str | None) -> Record:
    answer = {"time": show_moment(day * DAY_MS + 5), "outcome": outcome, "bundle": bundle, "alert": outcome == "hold",
              "hits": sorted(hits)} | ({} if arm is None else {"arm": arm})  # fmt: skip
    return Record(0, "", b"{}", msgspec.json.encode(answer))


TAUGHT = Record(0, "", b"{}", b'{"event_id":"l1","seq":1,"status":"taught"}')


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(DECIDED, max_size=8), max_size=4), st.integers(1, 40))
def test_counts_are_those_of_looking_at_every_decision(
    parts: list[list[tuple[int, str, set[str], str, str | None]]], days: int
) -> None:
    log, now = Told([]), [WRITE_EVERY_MS]
    with TemporaryDirectory() as name:
        for part in parts:
            log.records += [record(*one) for one in part] + [TAUGHT]
            counter = HitCounter(log, Path(name), lambda: now[0])  # a start each time
            while counter.step():
                pass
            now[0] += WRITE_EVERY_MS
            counter.step()
        counted = read_counts(Path(name))
        every = [one for part in parts for one in part]
        if counted is None:
            assert not parts
            return
        newest = max((one[0] for one in every), default=0)
        for bundle in BUNDLES:
            told = tell_hits(counted.over(bundle, min(days, HIT_DAYS_KEPT)))
            ours = [one for one in every if one[1] == bundle and one[0] > newest - min(days, HIT_DAYS_KEPT)]
            assert (told["decided"], told["alerts"]) == (len(ours), sum(one[3] == "hold" for one in ours))
            hits = {rule: sum(rule in one[2] for one in ours) for rule in RULES}
            assert {one["id"]: one["hits"] for one in told["rules"]} == {r: n for r, n in hits.items() if n}
            arms = {arm: sum(one[4] == arm for one in ours) for arm in ("champion", "challenger")}
            assert {one["arm"]: one["decided"] for one in told["arms"]} == {a: n for a, n in arms.items() if n}


def test_another_log_is_counted_anew_and_what_is_damaged_too(tmp_path: Path) -> None:
    records = [record(1, "aa", {"U-BURST"}, "hold", None)] * 4

    def hits(log: Told) -> int:
        counter = HitCounter(log, tmp_path, lambda: WRITE_EVERY_MS)
        assert counter.step() in (0, len(log.records))
        counted = read_counts(tmp_path)
        assert counted is not None
        return int(tell_hits(counted.over("aa", 7))["decided"])

    assert hits(Told(records)) == 4
    assert hits(Told(records)) == 4
    assert hits(Told(records[:2], b"other")) == 2
    (tmp_path / HITS_FILE).write_text("{", encoding="utf-8")
    assert read_counts(tmp_path) is None
    assert hits(Told(records)) == 4


def test_a_decision_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    odd = Record(0, "", b"{}", b'{"outcome":7}')
    HitCounter(Told([odd, record(1, "aa", set(), "allow", None)]), tmp_path, lambda: WRITE_EVERY_MS).step()
    counted = read_counts(tmp_path)
    assert counted is not None
    assert (counted.next_seq, tell_hits(counted.over("aa", 7))["decided"]) == (2, 1)
