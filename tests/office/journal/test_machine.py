"""Random commits, kills and looks, beside a twin that is a list and a dictionary."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bonafide.office.journal import Conflict, DeadLetter, Head, Journal, JournalFullError, Record
from tests.office.journal.kit import START_MS, conflict, copied, letter, record

NAMES = st.integers(0, 40).map(lambda n: f"e{n}")


class JournalMachine(RuleBasedStateMachine):
    """What was acknowledged is what is there, whatever happened in between."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="bonafide-"))
        self.times = 0
        self.log: list[Record] = []
        self.seq_of: dict[str, int] = {}
        self.conflicts: list[Conflict] = []
        self.letters: list[DeadLetter] = []
        self.head = Head(None, None)

    @initialize()
    def begin(self) -> None:
        self.journal = Journal.open(self.root / "0")

    def taken(self, records: list[Record], names: list[str]) -> None:
        for one, name in zip(records, names, strict=True):
            self.seq_of[name] = len(self.log)
            self.log.append(one)

    def made(self, names: list[str]) -> list[Record]:
        return [record(len(self.log) + n, name) for n, name in enumerate(names)]

    @rule(names=st.lists(NAMES, min_size=1, max_size=9), told=st.booleans())
    def append(self, names: list[str], told: bool) -> None:
        records = self.made(names)
        self.journal.append(records, event_ids=names if told else None)
        self.taken(records, names)

    @rule(names=st.lists(NAMES, max_size=3), conflicts=st.integers(0, 2), letters=st.integers(0, 3))
    def append_more(self, names: list[str], conflicts: int, letters: int) -> None:
        records = self.made(names)
        others = [conflict(len(self.conflicts) + n) for n in range(conflicts)]
        dead = [letter(len(self.log) + n, keep_ms=5) for n in range(letters)]
        self.journal.append(records, others, dead)
        self.taken(records, names)
        self.conflicts += others
        self.letters += dead

    @rule(bundle=st.sampled_from("abc"), names=st.lists(NAMES, max_size=1))
    def activate(self, bundle: str, names: list[str]) -> None:
        records = self.made(names)
        self.journal.append(records, bundle=bundle)
        if not self.log and (self.head.first_bundle is None or not records):
            self.head = Head(bundle, bundle, ((0, bundle),))
        else:
            place = len(self.log) + len(records)
            self.head = Head(self.head.first_bundle, bundle, (*self.head.activations, (place, bundle)))
        self.taken(records, names)

    @rule(names=st.lists(NAMES, min_size=1, max_size=3))
    def append_without_room(self, names: list[str]) -> None:
        pages = self.journal._writer.execute("PRAGMA page_count").fetchone()[0]
        self.journal._writer.execute(f"PRAGMA max_page_count = {pages}")
        records = [record(len(self.log), name, "x" * 9_000) for name in names]
        try:
            self.journal.append(records, [conflict(99)])
        except JournalFullError:
            pass
        else:
            self.taken(records, names)
            self.conflicts.append(conflict(99))
        self.journal._writer.execute("PRAGMA max_page_count = 1000000")

    @rule()
    def write_ids_away(self) -> None:
        self.journal._ids.write_away(all_of_them=True)

    @rule()
    def copy_the_log(self) -> None:
        self.journal._keeper._checkpoint()

    @rule(after_ms=st.integers(0, 60))
    def expire(self, after_ms: int) -> None:
        now_ms = START_MS + after_ms
        gone = self.journal.expire(now_ms)
        kept = [one for one in self.letters if one.expires_ms > now_ms]
        assert gone == len(self.letters) - len(kept)
        self.letters = kept

    @rule(closed=st.booleans(), without_ids=st.booleans())
    def end_and_begin_again(self, closed: bool, without_ids: bool) -> None:
        self.times += 1
        if closed:
            self.journal.close()
            folder = self.root / str(self.times - 1)
            folder.rename(self.root / str(self.times))
        else:
            copied(self.root / str(self.times - 1), self.root / str(self.times))
            self.journal.close()
            shutil.rmtree(self.root / str(self.times - 1))
        if without_ids:
            for path in (self.root / str(self.times)).glob("ids.db*"):
                path.unlink()
        self.journal = Journal.open(self.root / str(self.times))

    @precondition(lambda self: self.times > 0)
    @rule()
    def check_all(self) -> None:
        assert self.journal.verify()[0] == len(self.log)

    @invariant()
    def everything_acknowledged_is_there(self) -> None:
        journal = self.journal
        assert journal.next_seq == len(self.log)
        assert [r for _, records in journal.commits() for r in records] == self.log
        for number in range(41):
            name = f"e{number}"
            seq = self.seq_of.get(name)
            assert journal.find(name) == (None if seq is None else (seq, self.log[seq]))
        assert [kept.conflict for kept in journal.conflicts()] == self.conflicts
        assert [kept.letter for kept in journal.dead_letters()] == self.letters
        assert journal.head == self.head

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.root)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=30, stateful_step_count=20)
