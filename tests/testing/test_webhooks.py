"""A small version of each fault of the outbox's drill, over real sockets; `make drill` plays the large one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bonafide.office.outbox.clear import Draft, put_in
from bonafide.office.outbox.pull import pull
from bonafide.testing.webhooks.__main__ import main
from bonafide.testing.webhooks.faults import FAULTS
from bonafide.testing.webhooks.killed import NAME, play_killed
from bonafide.testing.webhooks.made import Vault
from bonafide.testing.webhooks.play import judge, play
from bonafide.testing.webhooks.receivers import MODES, Receiver, Seen
from bonafide.testing.webhooks.result import GROWTH_BYTES_MAX, Row, table
from bonafide.testing.webhooks.site import Site

MESSAGES, SUBJECTS = 7, 2


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_a_receiver_does_every_message_arrives(name: str, tmp_path: Path) -> None:
    row = play(FAULTS[name], tmp_path, MESSAGES, SUBJECTS)
    assert row.passed, row
    assert (row.messages, row.delivered, row.private) == (MESSAGES, MESSAGES, 0)
    assert row.tries >= MESSAGES
    assert bool(row.tokens) is FAULTS[name].sends_tokens


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    row = play_killed(tmp_path / "data", 40, 5, 1)
    assert row.passed, row
    assert (row.messages, row.delivered) == (40, 40)


def test_every_way_to_behave_is_played() -> None:
    assert {f"_{mode}" for mode in MODES} - set(vars(Receiver)) == {"_down"}


def counted(row: Row) -> dict[str, int]:
    """What is not as it should be."""
    found = {name: getattr(row, name) for name in ("lost", "again", "differing", "unordered", "private")}
    return {name: count for name, count in found.items() if count}


def seen_of(site: Site, *numbers: int, body: bytes | None = None, took: bool = True) -> list[Seen]:
    messages = {one.no: one for one in pull(site.store, None, 0).messages}
    found = []
    for number in numbers:
        (clear,) = put_in([Draft(messages[number].subject, messages[number].body)], site.vault)
        found.append(Seen("/", {"webhook-id": messages[number].id}, body or clear.body, took))
    return found


def test_what_does_not_hold_is_counted(tmp_path: Path) -> None:
    site = Site(tmp_path, 1)
    site.happen(3)
    known: Vault = site.vault

    def judged(*seen: Seen) -> Row:
        row = Row("x", "y")
        judge(row, None, site.store, known, seen)
        return row

    whole = judged(*seen_of(site, 1, 2, 2, 3))
    assert (whole.passed, whole.again, whole.delivered) == (True, 1, 3)
    assert counted(judged(*seen_of(site, 1, 3))) == {"lost": 1}
    assert counted(judged(*seen_of(site, 2, 3), *seen_of(site, 1))) == {"unordered": 1}
    assert counted(judged(*seen_of(site, 1, 2, 3), *seen_of(site, 2, took=False))) == {"again": 1}
    assert counted(judged(*seen_of(site, 1, 2), *seen_of(site, 3, body=b"{}"))) == {"differing": 1}
    assert counted(judged(*seen_of(site, 1, 2), *seen_of(site, 3, took=False))) == {"lost": 1}
    whole.growth_bytes = GROWTH_BYTES_MAX + 1
    assert not whole.passed
    assert "FAILED" in table([whole])
    site.store.close()


def test_the_command_prints_a_table_or_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--messages", "3", "--subjects", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith("fault")
    assert told.out.splitlines()[1].startswith("down")
    assert main(["down", "--messages", "3", "--subjects", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["held"], found["rows"][0]["name"], found["rows"][0]["lost"]) == (True, "down", 0)
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert NAME in capsys.readouterr().err


@pytest.mark.drill
def test_everything_that_the_outbox_promises_holds() -> None:
    assert main([]) == 0
