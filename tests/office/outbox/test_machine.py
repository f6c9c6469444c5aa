"""The outbox through crashes between its steps and receivers of every kind, over real sockets, on both databases.

Whatever happens: once everything works again, each receiver has every message at least once under the same id and the
same bytes (but for who was forgotten), and with the token of nobody who was known all along; those about one subject
came in the order of the log (dead letters, which come late, aside), every request was signed, and nobody connected to
an address that is private.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bonafide.core.errors import StateError
from bonafide.office.outbox import tail
from bonafide.office.outbox.clear import Draft, put_in
from bonafide.office.outbox.destinations import Destination
from bonafide.office.outbox.ladder import LADDER
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.outbox.post import Timeouts
from bonafide.office.outbox.pull import pull
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.store.database import Store
from tests.office.databases import wipe
from tests.office.outbox import kit
from tests.office.outbox.kit import ANN, HASTY, HERE, PRIVATE, Clock, MadeLog, Outbox, Receiver, Seen, Vault, token_of

BAD = ("down", "fails", "refuses", "is_busy", "is_gone", "redirects", "is_slow", "talks_nonsense", "closes",
       "floods_body", "floods_error", "floods_head", "floods_interim")  # fmt: skip
MODES = st.one_of(st.just("takes"), st.sampled_from(BAD))
LEADS = st.sampled_from([["127.0.0.1"], ["127.0.0.1"], [PRIVATE], ["127.0.0.1", PRIVATE]])
DIES = st.sampled_from([None, None, "put_messages", "put_place"])
HOSTS = ("first.example", "second.example")
SENT_BYTES_MAX = 8 * 2**20
DEAD_AFTER_MS = 2 * sum(step.wait_ms for step in LADDER)


class Machine(RuleBasedStateMachine):
    """One process after another over one store and one log."""

    store: Store

    @initialize()
    def begin(self) -> None:
        wipe(self.store)
        self.loop = asyncio.new_event_loop()
        self.log, self.clock = MadeLog(), Clock()
        self.vault = Vault(("user", "a"), ("user", "b"), ("user", "u1"))
        self.forgotten = {"u1": False, "a": False, "b": False}
        self.receivers = [Receiver() for _ in HOSTS]
        self.inside = Receiver()
        port = self.loop.run_until_complete(self.receivers[0].start())
        self.loop.run_until_complete(self.inside.start(PRIVATE, port))
        self.loop.run_until_complete(self.receivers[1].start())
        for receiver in self.receivers:
            receiver.leads_to = self.inside.url("/inside", PRIVATE)
        self.leads = {host: ["127.0.0.1"] for host in HOSTS}
        self.dead: set[tuple[str, int]] = set()
        self.process, self.timeouts = 0, HASTY
        self.restart()
        urls = [receiver.url(host=host) for receiver, host in zip(self.receivers, HOSTS)]
        self.rows: list[Destination] = [self.outbox.destinations.add(ANN, url)[0] for url in urls]

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        return self.leads[host]

    def restart(self) -> None:
        """Another process over the same store; what was under way is lost with the one before."""
        self.process += 1
        carrier = Webhooks(HERE, timeouts=self.timeouts, resolver=self._resolve)
        self.outbox = Outbox(
            self.store, self.log, self.clock, carrier=carrier, seed=self.process, clear_texts=self.vault
        )

    @rule(what=st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), min_size=1, max_size=3), dies=DIES)
    def happen(self, what: list[tuple[str, bool]], dies: str | None) -> None:
        """Events are decided and read; a process that dies while it reads leaves nothing, and another goes on."""
        begin = self.log.next_seq()
        measure = [("freeze_credit", "user", token_of("a"))]
        self.log.append(
            *(
                kit.decided(seq, token_of(user), alert=True, measures=measure * more)
                for seq, (user, more) in enumerate(what, begin)
            ),
            kit.taught(begin + len(what)),
            kit.status(begin + len(what) + 1),
        )
        if dies is not None:
            with pytest.MonkeyPatch.context() as patch, suppress(kit.DiedError):
                patch.setattr(tail, dies, kit.dies)
                self.outbox.tail()
            self.restart()
        self.outbox.tail()

    @rule(receiver=st.integers(0, 1), mode=MODES, leads=LEADS)
    def behave(self, receiver: int, mode: str, leads: list[str]) -> None:
        self.receivers[receiver].mode, self.leads[HOSTS[receiver]] = mode, leads

    @rule(wait_ms=st.sampled_from([1, 1, 6_000, 40_000, 3_600_000, 90_000_000]))
    def send(self, wait_ms: int) -> None:
        self.clock.now_ms += wait_ms
        with suppress(StateError):
            self.loop.run_until_complete(self.outbox.sender.drain())
        self._note_dead()

    @rule(user=st.sampled_from("ab"), known=st.booleans(), is_away=st.booleans())
    def remember(self, user: str, known: bool, is_away: bool) -> None:
        """The vault is away, or forgets somebody, or learns of them again."""
        self.vault.is_away = is_away
        text = ("user", user)
        if known:
            self.vault.texts |= Vault(text).texts
        else:
            self.vault.texts.pop(*Vault(text).texts, None)
            self.forgotten[user] = True

    @rule(after_sending=st.booleans())
    def die_while_sending(self, after_sending: bool) -> None:
        """A process ends with sends begun, or done and not noted."""

        async def die() -> None:
            sender = self.outbox.sender
            with suppress(StateError):
                if sender.step() and sender._under_way and after_sending:
                    await asyncio.wait(sender._under_way)
            tasks = list(sender._under_way)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.loop.run_until_complete(die())
        self.restart()

    @rule(receiver=st.integers(0, 1), redrives=st.booleans())
    def look_after(self, receiver: int, redrives: bool) -> None:
        """What people do: a new secret, a paused receiver let go on, dead letters sent again."""
        self.outbox.destinations.rotate(ANN, self.rows[receiver].destination_id, 0)
        self.outbox.destinations.resume(ANN, self.rows[receiver].destination_id)
        if redrives:
            self.outbox.dead_letters.resend(ANN, self.clock())

    def _note_dead(self) -> None:
        self.dead |= {(letter.destination_id, letter.no) for letter in self.outbox.dead_letters.list()}

    def teardown(self) -> None:
        if not hasattr(self, "rows"):
            return
        try:
            self._recover()
            for row, receiver in zip(self.rows, self.receivers):
                self._check(row, receiver.seen)
                assert receiver.sent_bytes < SENT_BYTES_MAX * max(1, receiver.connections)
            assert self.inside.connections == 0
        finally:
            for receiver in (*self.receivers, self.inside):
                self.loop.run_until_complete(receiver.stop())
            self.loop.close()

    def _recover(self) -> None:
        """Everything works again, for a week."""
        self.vault.is_away, self.timeouts = False, Timeouts()
        self.restart()
        for receiver, host in zip(self.receivers, HOSTS):
            receiver.mode, self.leads[host] = "takes", ["127.0.0.1"]
        for row in self.rows:
            self.outbox.destinations.resume(ANN, row.destination_id)
        self.outbox.tail()
        for _ in range(3):
            self.clock.now_ms += DEAD_AFTER_MS
            self.outbox.dead_letters.resend(ANN, self.clock())
            self.loop.run_until_complete(self.outbox.sender.drain())
        counts = self.outbox.deliveries.counts()
        assert counts == dict.fromkeys(counts, 0) | {"delivered": counts["delivered"]}

    def _check(self, row: Destination, seen: list[Seen]) -> None:
        messages = pull(self.store, None, 0, limit=1_000).messages
        everybody = Vault(*(("user", user) for user in self.forgotten))
        clear = dict(zip(messages, put_in([Draft(one.subject, one.body) for one in messages], everybody)))
        by_id = {message.id: message for message in messages}
        assert {request.id for request in seen} == set(by_id)
        for request in seen:
            message = by_id[request.id]
            told = clear[message]
            may_be_unknown = self.forgotten[told.subject.removeprefix("user:")]
            assert request.body == told.body or (may_be_unknown and request.body == message.body)
        assert all(request.headers["webhook-signature"].startswith("v1,") for request in seen)
        firsts = dict.fromkeys(request.id for request in seen)
        for subject in {message.subject for message in messages}:
            came = [by_id[one].no for one in firsts if by_id[one].subject == subject]
            in_line = [no for no in came if (row.destination_id, no) not in self.dead]
            assert in_line == sorted(in_line)
        assert all(message.topic in TOPICS for message in messages)


@pytest.fixture
def machine(store: Store) -> type[Machine]:
    return type("MachineOver", (Machine,), {"store": store})


def test_every_message_arrives_in_order_whatever_happens(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=6, stateful_step_count=25))


@pytest.mark.fuzz
def test_every_message_arrives_in_order_whatever_happens_for_long(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=400, stateful_step_count=60))
