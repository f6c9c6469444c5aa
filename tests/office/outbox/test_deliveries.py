"""Deliveries on both databases: the ladder, the line of a subject, leases, rests, dead letters."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from bonafide.office.outbox.carrier import Came, Kind
from bonafide.office.outbox.deliveries import LEASE_MS, Claim
from bonafide.office.outbox.ladder import LADDER, REST_AFTER, REST_MS, TRIES_MAX, wait_ms
from bonafide.office.store.database import Store
from tests.office.outbox.kit import ANN, Clock, MadeLog, Outbox, decided

URL = "http://127.0.0.1:9/hooks"
TAKEN, REFUSED, UNREACHED = Came(Kind.TAKEN), Came(Kind.REFUSED, "answered 422"), Came(Kind.UNREACHED, "is down")
Filled = Callable[..., Outbox]


@pytest.fixture
def filled(store: Store) -> Filled:
    """An outbox with one receiver and an alert about each of the users named."""

    def fill(*users: str) -> Outbox:
        log = MadeLog()
        outbox = Outbox(store, log, Clock())
        outbox.destinations.add(ANN, URL)
        log.append(*(decided(seq, user, alert=True) for seq, user in enumerate(users)))
        outbox.tail()
        return outbox

    return fill


def claim(outbox: Outbox, room: int = 100, each: int = 100) -> list[Claim]:
    return outbox.deliveries.claim(outbox.clock(), room, each)


def settle(outbox: Outbox, *came: tuple[Claim, Came]) -> None:
    outbox.deliveries.settle(came, outbox.clock())


def test_one_of_each_subject_is_due_and_the_next_when_it_was_taken(filled: Filled) -> None:
    outbox = filled("a", "b", "a", "a")
    first = claim(outbox)
    assert [(one.no, one.subject) for one in first] == [(1, "user:a"), (2, "user:b")]
    assert claim(outbox) == []
    settle(outbox, (first[0], TAKEN), (first[1], TAKEN))
    (third,) = claim(outbox)
    assert third.no == 3
    settle(outbox, (third, TAKEN))
    assert [one.no for one in claim(outbox)] == [4]


def test_what_was_not_taken_waits_and_holds_up_its_own_subject_alone(filled: Filled) -> None:
    outbox = filled("a", "a", "b", "b")
    a, b = claim(outbox)
    settle(outbox, (a, REFUSED), (b, TAKEN))
    assert [one.no for one in claim(outbox)] == [4]
    outbox.clock.now_ms += int(LADDER[0].wait_ms * 1.2)
    (again,) = claim(outbox)
    assert (again.no, again.attempt, again.message_id) == (1, 2, a.message_id)


def test_the_ladder_is_climbed_step_by_step_to_a_dead_letter(filled: Filled) -> None:
    outbox = filled("a", "a")
    for step in LADDER:
        (one,) = claim(outbox)
        settle(outbox, (one, REFUSED))
        outbox.clock.now_ms += step.wait_ms - 1
        assert claim(outbox) == []
        outbox.clock.now_ms += int(step.wait_ms * 0.2) + 1
    (last,) = claim(outbox)
    assert (last.attempt, outbox.dead_letters.list()) == (TRIES_MAX, [])
    settle(outbox, (last, REFUSED))
    (dead,) = outbox.dead_letters.list()
    assert (dead.no, dead.attempts, dead.error, dead.subject) == (1, TRIES_MAX, "answered 422", "user:a")
    assert [one.no for one in claim(outbox)] == [2]  # one that nobody takes does not hold up the others for ever


def test_a_dead_letter_is_sent_again_on_request(filled: Filled) -> None:
    outbox = filled("a")
    for _ in range(TRIES_MAX):
        (one,) = claim(outbox)
        settle(outbox, (one, REFUSED))
        outbox.clock.now_ms += 2 * LADDER[-1].wait_ms
    assert claim(outbox) == []
    assert outbox.dead_letters.resend(ANN, outbox.clock(), "nobody") == 0
    assert outbox.dead_letters.resend(ANN, outbox.clock(), no=2) == 0
    assert outbox.dead_letters.resend(ANN, outbox.clock(), one.destination_id, 1) == 1
    (again,) = claim(outbox)
    assert (again.attempt, again.message_id) == (1, one.message_id)
    settle(outbox, (again, TAKEN))
    assert outbox.deliveries.counts() == {"queued": 0, "waiting": 0, "sending": 0, "delivered": 1, "dead": 0}


def test_a_dead_letter_that_is_sent_again_takes_its_turn(filled: Filled) -> None:
    outbox = filled("a", "a", "a")
    for _ in range(TRIES_MAX):
        (one,) = claim(outbox)
        settle(outbox, (one, REFUSED))
        outbox.clock.now_ms += 2 * LADDER[-1].wait_ms
    (second,) = claim(outbox)
    assert outbox.dead_letters.resend(ANN, outbox.clock()) == 1
    assert claim(outbox) == []  # another about the same subject is under way
    settle(outbox, (second, TAKEN))
    (first,) = claim(outbox)
    settle(outbox, (first, TAKEN))
    assert [first.no, second.no, claim(outbox)[0].no] == [1, 2, 3]


def test_a_sender_that_died_loses_its_deliveries_after_a_time(filled: Filled) -> None:
    outbox = filled("a", "a")
    (lost,) = claim(outbox)
    outbox.clock.now_ms += LEASE_MS - 1
    assert claim(outbox) == []
    outbox.clock.now_ms += 1
    (found,) = claim(outbox)
    assert (found.no, found.attempt) == (1, 2)
    settle(outbox, (lost, TAKEN))  # it was not dead after all, and has no say any more
    assert outbox.deliveries.counts()["sending"] == 1
    settle(outbox, (found, TAKEN))
    assert [one.no for one in claim(outbox)] == [2]


def test_what_a_sender_that_ended_had_is_tried_again_soon(filled: Filled) -> None:
    outbox = filled("a", "b")
    outbox.deliveries.claim(outbox.clock(), 2, 2)
    assert outbox.deliveries.recover(outbox.clock()) == 2
    outbox.clock.now_ms += LADDER[0].wait_ms - 1
    assert claim(outbox) == []
    outbox.clock.now_ms += 1 + int(LADDER[0].wait_ms * 0.2)
    assert [(one.no, one.attempt) for one in claim(outbox)] == [(1, 2), (2, 2)]
    assert outbox.deliveries.recover(outbox.clock() + LEASE_MS - 1) == 2
    outbox.clock.now_ms += LEASE_MS  # never later than without it
    assert len(claim(outbox)) == 2


def test_what_changed_since_it_was_found_due_is_not_taken(filled: Filled) -> None:
    outbox = filled("a", "b", "c", "d")
    now = outbox.clock()
    due = outbox.deliveries.due(now, 9, 9)
    (taken,) = outbox.deliveries.turn([], due[:1], now)
    assert outbox.deliveries.turn([], due[:1], now) == []  # another has it
    settle(outbox, (taken, TAKEN))
    assert outbox.deliveries.turn([], due[:1], now) == []
    assert outbox.deliveries.turn([], [], now, [(due[1], 500)]) == []
    assert outbox.deliveries.turn([], due[1:2], now) == []  # it was put off
    receiver = due[2].destination_id
    outbox.destinations.pause(ANN, receiver)
    assert outbox.deliveries.turn([], due[2:], now) == []
    outbox.destinations.resume(ANN, receiver)
    assert outbox.deliveries.turn([], due[2:3], now) == due[2:3]
    outbox.destinations.remove(ANN, receiver)
    assert outbox.deliveries.turn([], due[3:], now) == []


def test_a_receiver_that_is_not_reached_is_left_in_peace_and_then_tried_by_one(filled: Filled) -> None:
    outbox = filled(*"abcdefgh")
    settle(outbox, *((one, UNREACHED) for one in claim(outbox, each=REST_AFTER)))
    assert claim(outbox) == []
    outbox.clock.now_ms += REST_MS
    (probe,) = claim(outbox)
    settle(outbox, (probe, UNREACHED))
    outbox.clock.now_ms += REST_MS
    assert claim(outbox) == []
    outbox.clock.now_ms += REST_MS
    assert len(claim(outbox)) == 1


def test_a_receiver_that_is_back_gets_what_it_missed_at_once(filled: Filled) -> None:
    outbox = filled(*"abcdefgh")
    settle(outbox, *((one, UNREACHED) for one in claim(outbox, each=REST_AFTER)))
    outbox.clock.now_ms += REST_MS
    (probe,) = claim(outbox)
    settle(outbox, (probe, TAKEN))
    assert sorted(one.subject for one in claim(outbox)) == [
        f"user:{u}" for u in "abcdefgh" if f"user:{u}" != probe.subject
    ]


def test_a_message_that_is_refused_says_nothing_about_its_receiver(filled: Filled) -> None:
    outbox = filled(*"abcdefgh")
    settle(outbox, *((one, REFUSED) for one in claim(outbox, each=REST_AFTER)))
    assert len(claim(outbox)) == 5


def test_a_receiver_that_wants_nothing_any_more_is_paused_and_nothing_is_lost(filled: Filled) -> None:
    outbox = filled("a", "b")
    (one,) = claim(outbox, 1)
    settle(outbox, (one, Came(Kind.GONE, "the receiver answered 410")))
    (row,) = outbox.destinations.list()
    assert (row.state, row.why) == ("paused", "the receiver answered 410")
    outbox.clock.now_ms += 2 * LADDER[0].wait_ms
    assert claim(outbox) == []
    outbox.destinations.resume(ANN, row.destination_id)
    assert {found.no for found in claim(outbox)} == {1, 2}


def test_a_slow_receiver_leaves_room_for_the_others(filled: Filled) -> None:
    outbox = filled(*"abcdefgh")
    busy = {outbox.destinations.list()[0].destination_id: 2}
    assert len(outbox.deliveries.due(outbox.clock(), 100, 4, busy)) == 2
    assert outbox.deliveries.due(outbox.clock(), 100, 2, busy) == []


def test_every_receiver_gets_a_turn(store: Store) -> None:
    log = MadeLog()
    outbox = Outbox(store, log, Clock())
    there = {outbox.destinations.add(ANN, URL)[0].destination_id for _ in range(4)}
    log.append(*(decided(seq, f"u{seq}", alert=True) for seq in range(40)))
    outbox.tail()
    served = {one.destination_id for _ in range(40) for one in claim(outbox, 1, 1)}
    assert served == there


def test_a_wait_follows_from_the_random_numbers_given_and_what_the_receiver_asked() -> None:
    waits = [wait_ms(tries, Random(7)) for tries in range(1, TRIES_MAX + 1)]
    assert waits == [wait_ms(tries, Random(7)) for tries in range(1, TRIES_MAX + 1)]
    for step, wait in zip(LADDER, waits):
        assert wait is not None
        assert step.wait_ms <= wait <= step.wait_ms * 1.2
    assert waits[-1] is None
    assert wait_ms(1, Random(7), 7_200_000) == 7_200_000
    assert wait_ms(1, Random(7), 10**12) == LADDER[-1].wait_ms
    assert wait_ms(TRIES_MAX, Random(7), 7_200_000) is None
    assert len({step.name for step in LADDER}) == len(LADDER)
