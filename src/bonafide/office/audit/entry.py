"""One entry of the audit log, the bytes that are hashed of it, and the chain.

An entry's leaf is SHA-256(0x00 | canonical bytes), the leaf hash of RFC 6962, so that a Merkle tree can be laid over
the same leaves. The chain is SHA-256(0x02 | chain before | leaf), from 32 zero bytes: 0x01 is what RFC 6962 begins the
nodes of its tree with, so that no hash of one kind passes for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.core.moment import show_moment
from bonafide.core.text import is_tidy
from bonafide.office.audit.deeds import DEEDS

BEGINNING: Final = bytes(32)
"""The chain before the first entry."""
OUTCOMES: Final = ("done", "refused", "failed", "begun")
"""`begun` stands before a deed that is not done in the office's store; another entry says how it ended."""
DETAIL_VALUES_MAX: Final = 16
DETAIL_TEXT_MAX: Final = 200
WHO_MAX, ON_MAX, FROM_MAX = 160, 200, 100
"""Longest texts, in characters."""

Value = str | int | bool | None
Details = Mapping[str, Value]


class Actor(NamedTuple):
    """Who does something, and from where: `person:ann`, `key:jgudwygmv73a`, `terminal:root`, `bonafide:worker`."""

    who: str
    origin: str
    """An address, `terminal`, or empty where Bonafide itself acts."""


ITSELF: Final = Actor("bonafide:service", "")
"""What Bonafide does without being told by anybody."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. It names people of the office and pseudonyms of subjects, never a subject's clear data."""

    number: int
    """Its place, from 0 without a gap."""
    made_ms: int
    who: str
    what: str
    """A deed of DEEDS."""
    on_what: str
    from_where: str
    outcome: str
    """One of OUTCOMES."""
    details: dict[str, Value]

    def canonical(self) -> bytes:
        """The bytes that are hashed: a JSON array in the order of the fields, the details sorted."""
        values = [getattr(self, name) for name in Entry.__struct_fields__]
        return msgspec.json.encode(values, order="sorted")

    def leaf(self) -> bytes:
        """The entry's own hash."""
        return sha256(b"\x00" + self.canonical()).digest()

    def to_wire(self) -> dict[str, Any]:
        """The entry as JSON shows it."""
        return {"number": self.number, "time": show_moment(self.made_ms), "who": self.who, "what": self.what,
                "on": self.on_what, "from": self.from_where, "outcome": self.outcome,
                "details": self.details}  # fmt: skip


def chained(chain: bytes, leaf: bytes) -> bytes:
    """The chain after one more leaf."""
    return sha256(b"\x02" + chain + leaf).digest()


def check_entry(entry: Entry) -> None:
    """ValueError for what the log does not take: it is a fault of the program that appends, not of a person."""
    if entry.what not in DEEDS:
        raise ValueError(f"{entry.what!r} is no deed of the audit log")
    if entry.outcome not in OUTCOMES:
        raise ValueError(f"{entry.outcome!r} is no outcome of the audit log")
    lengths = ((entry.who, WHO_MAX), (entry.on_what, ON_MAX), (entry.from_where, FROM_MAX))
    if not entry.who or any(len(text) > most or not is_tidy(text) for text, most in lengths):
        raise ValueError("an audit entry's texts are short, without control characters, and it names who")
    if len(entry.details) > DETAIL_VALUES_MAX:
        raise ValueError(f"an audit entry has at most {DETAIL_VALUES_MAX} details")
    for name, value in entry.details.items():
        if isinstance(value, str) and (len(value) > DETAIL_TEXT_MAX or not is_tidy(value)):
            raise ValueError(f"{name}: a detail is at most {DETAIL_TEXT_MAX} characters, without control characters")
        if not isinstance(value, (str, int, bool, type(None))):
            raise ValueError(f"{name}: a detail is a text, a whole number, true, false or null")
