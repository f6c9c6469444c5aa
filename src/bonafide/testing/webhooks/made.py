"""What an outbox works on, made up: a clock that is moved, a log in memory, a vault that may be away."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from bonafide.core.decision import Decision, ProposedMeasure, Reason
from bonafide.core.errors import StateError
from bonafide.core.pseudonym import show_token
from bonafide.office.journal import Record
from bonafide.office.outbox.clear import Pair
from bonafide.office.vault.pseudonym import pseudonym_of

START_MS: Final = 1_767_601_800_000
KEY: Final = bytes(range(16))
"""The secret of the data directory."""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


class MadeLog:
    """A log in memory: every call of `append` is a commit."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, list[Record]]] = []
        self.chains = {0: b"\0" * 32}

    def append(self, *records: Record) -> None:
        """Add a commit."""
        begin = self.next_seq()
        self.rows.append((begin, list(records)))
        told = self.chains[begin] + b"".join(record.content + record.answer for record in records)
        self.chains[begin + len(records)] = hashlib.sha256(told).digest()

    def next_seq(self) -> int:
        """The place after its last event."""
        return self.rows[-1][0] + len(self.rows[-1][1]) if self.rows else 0

    def commits(self, from_seq: int, until: int) -> Iterator[tuple[int, list[Record]]]:
        """The log between two places, commit by commit."""
        for begin, records in self.rows:
            if begin + len(records) > from_seq and begin < until:
                skipped = max(0, from_seq - begin)
                yield begin + skipped, records[skipped:]

    def chain_at(self, seq: int) -> bytes | None:
        """What stands for all events before the end of a commit."""
        return self.chains.get(seq)


def decided(
    seq: int, user: str = "u1", *, alert: bool = False, measures: Sequence[tuple[str, str, str]] = (), n: int = 0
) -> Record:
    """The record of a payment by a user; `measures` are (measure, subject type, subject id). `n` tells two apart."""
    event = {
        "type": "payment", "event_id": f"e{seq}", "time": START_MS + seq, "user_id": user, "merchant_id": "m1",
        "order_id": f"o{n}", "amount": 100, "currency": "CNY",
    }  # fmt: skip
    proposed = tuple(ProposedMeasure(*one, "proposed", START_MS + 86_400_000) for one in measures)
    decision = Decision(
        event_id=f"e{seq}", seq=seq, time=START_MS + seq, outcome="verify" if alert else "allow", score_e6=731_204,
        risk_level="high", credit_score=512, alert=alert, reasons=(Reason("RC03", "中文", "English"),),
        hits=("U-BURST",), measures=proposed, faults=(), degraded=(), release_by=None, bundle="ab" * 32,
    )  # fmt: skip
    return Record(START_MS, "k1", msgspec.json.encode(event), msgspec.json.encode(decision.to_wire()))


def taught(seq: int) -> Record:
    """The record of an event that only teaches."""
    content = b'{"type":"login","event_id":"e%d","time":%d,"subject_type":"user","subject_id":"u1"}'
    return Record(
        START_MS, "k1", content % (seq, START_MS), b'{"event_id":"e%d","seq":%d,"status":"taught"}' % (seq, seq)
    )


def status(seq: int, measure: str = "limit_credit", to: str = "applied") -> Record:
    """The control record of a measure of user u1."""
    content = {
        "type": "measure_status", "event_id": f"c{seq}", "time": START_MS, "measure_id": "M7", "measure": measure,
        "subject_type": "user", "subject_id": "u1", "status": to,
    }  # fmt: skip
    return Record(
        START_MS, "", msgspec.json.encode(content), b'{"event_id":"c%d","seq":%d,"status":"taught"}' % (seq, seq)
    )


def token_of(text: str) -> str:
    """The token of an id under the key of these tests."""
    return show_token(pseudonym_of(text, KEY))


class Vault:
    """What is known, by (kind, hash); it may be away."""

    def __init__(self, *texts: tuple[str, str]) -> None:
        self.texts = {(kind, pseudonym_of(text, KEY)): text for kind, text in texts}
        self.is_away = False
        self.asked = 0

    def __call__(self, pairs: Collection[Pair]) -> dict[Pair, str]:
        self.asked += 1
        if self.is_away:
            raise StateError("the vault is away")
        return {pair: self.texts[pair] for pair in pairs if pair in self.texts}
