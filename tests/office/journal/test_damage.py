"""Whatever bytes are flipped, zeroed or cut off: right answers or JournalDamagedError, and nothing in between."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bonafide.office.journal import Journal, JournalDamagedError
from tests.office.journal.kit import FIRST, SECOND, Answers, answers, copied, fill, record

CLOSED = ("journal.db", "ids.db", "journal.mark")
KILLED = ("journal.db", "journal.db-wal", "ids.db-wal", "journal.mark")
SEED = 7
SAMPLED = 40
"""Places tried of each file."""
PLACES_DRILLED = 40_000
"""In a drill every byte of a file up to this size, of larger ones about so many."""


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Answers]:
    """A closed journal, the same as a kill would have left it, and what both answer."""
    root = tmp_path_factory.mktemp("whole")
    with_ids = Journal.open(root / "open")
    fill(with_ids)
    with_ids._ids.write_away(all_of_them=True)
    killed = copied(root / "open", root / "killed")
    told = answers(with_ids)
    with_ids.close()
    return root / "open", killed, told


def outcome(folder: Path, told: Answers) -> str:
    """Opens a journal, asks everything and appends; what it says must be right or a plain refusal."""
    try:
        journal = Journal.open(folder)
    except JournalDamagedError as error:
        assert str(error).startswith(str(folder)), error
        return "refused"
    try:
        assert answers(journal) == told
        journal.verify()
        journal.append([record(len(told.log))])
        assert journal.find(f"e{len(told.log)}") == (len(told.log), record(len(told.log)))
    except JournalDamagedError:
        return "refused later"
    finally:
        journal.close()
    return "right"


def damage(source: Path, name: str, to: Path, change: Callable[[bytearray], None]) -> Path:
    """A copy of a data directory with one file changed."""
    if to.exists():
        shutil.rmtree(to)
    copied(source, to)
    body = bytearray((to / name).read_bytes())
    change(body)
    (to / name).write_bytes(body)
    return to


def flipped(place: int, bit: int) -> Callable[[bytearray], None]:
    def change(body: bytearray) -> None:
        body[place] ^= 1 << bit

    return change


def zeroed(start: int, size: int) -> Callable[[bytearray], None]:
    def change(body: bytearray) -> None:
        body[start : start + size] = bytes(len(body[start : start + size]))

    return change


def cut(size: int) -> Callable[[bytearray], None]:
    def change(body: bytearray) -> None:
        del body[size:]

    return change


def cases(killed: bool) -> Iterator[tuple[str, str]]:
    for name in KILLED if killed else CLOSED:
        for kind in ("flip", "zero", "cut"):
            yield name, kind


def changes(size: int, kind: str, chance: random.Random) -> Iterator[tuple[str, Callable[[bytearray], None]]]:
    for _ in range(SAMPLED):
        place = chance.randrange(size)
        if kind == "flip":
            bit = chance.randrange(8)
            yield f"bit {bit} of byte {place}", flipped(place, bit)
        elif kind == "zero":
            length = chance.choice((1, 8, 512, 4_096))
            yield f"{length} bytes from {place}", zeroed(place, length)
        else:
            yield f"all from {place}", cut(place)


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
def test_damage_is_refused_or_makes_no_difference(
    truth: tuple[Path, Path, Answers], tmp_path: Path, killed: bool
) -> None:
    source = truth[1] if killed else truth[0]
    chance = random.Random(SEED)
    seen: dict[str, int] = {}
    for name, kind in cases(killed):
        size = (source / name).stat().st_size
        for what, change in changes(size, kind, chance):
            try:
                how = outcome(damage(source, name, tmp_path / "copy", change), truth[2])
            except Exception as error:
                raise AssertionError(f"{name}: {kind}: {what}: {error!r}") from error
            seen[how] = seen.get(how, 0) + 1
    assert set(seen) >= {"right", "refused"}, seen


@pytest.mark.drill
@pytest.mark.parametrize(("killed", "name"), [(False, n) for n in CLOSED] + [(True, n) for n in KILLED])
def test_every_byte(truth: tuple[Path, Path, Answers], tmp_path: Path, killed: bool, name: str) -> None:
    source = truth[1] if killed else truth[0]
    body = (source / name).read_bytes()
    faults = []
    for place in range(0, len(body), 1 + len(body) // PLACES_DRILLED):
        for what, change in (("flip", flipped(place, place % 8)), ("zero", zeroed(place, 1)), ("cut", cut(place))):
            if (what == "zero" and body[place] == 0) or (what == "cut" and place % 64):
                continue
            try:
                outcome(damage(source, name, tmp_path / "copy", change), truth[2])
            except Exception as error:  # noqa: BLE001 - all of them, to see which places they share
                faults.append(f"{name}: {what} {place}: {error!r:.300}")
    assert not faults, "\n".join(faults[:40])


def test_a_mark_may_be_a_commit_behind_from_the_first_one_on(tmp_path: Path) -> None:
    """As a kill between a commit and its mark leaves it; the other way about, something is missing."""
    journal, mark = Journal.open(tmp_path / "open"), Path("journal.mark")
    marks = []
    for step in (lambda: None, lambda: journal.append([], bundle=FIRST), lambda: journal.append([record(0)])):
        step()
        marks.append((tmp_path / "open" / mark).read_bytes())
        killed = copied(tmp_path / "open", tmp_path / f"killed{len(marks)}")
        if len(marks) > 1:
            (killed / mark).write_bytes(marks[-2])
            again = Journal.open(killed)
            assert (again.head, again.next_seq) == (journal.head, journal.next_seq)
            again.close()
    journal.close()
    begun = Journal.open(tmp_path / "other")
    begun.append([], bundle=SECOND)
    begun.close()
    (tmp_path / "other" / mark).write_bytes(marks[1])
    with pytest.raises(JournalDamagedError, match="its first bundle is not the one that was recorded"):
        Journal.open(tmp_path / "other")
