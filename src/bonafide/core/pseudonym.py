"""Pseudonyms: what stands in the journal where a personal text stood.

A token is `~` and the 16 hex digits of the keyed 64-bit hash that the engine counts the text by. Whoever reads a token
takes that hash as it stands, so that a log with tokens makes the state that the log of clear texts made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASSES, Document, Fact
from bonafide.core.fields import ABSENT, FIELDS, KIND_FIELDS, NO_PERSON

TOKEN_MARK: Final = "~"
TOKEN_LENGTH: Final = 17
_DIGITS: Final = frozenset("0123456789abcdef")
_WORD: Final = 2**64
_HALF: Final = 2**63
_Fact = TypeVar("_Fact", bound=Fact)


class ClearText(Struct, array_like=True, frozen=True, gc=False):
    """A personal text with the hash that stands for it; there are many of them, which no garbage collector walks."""

    hash: int
    """Signed, 64 bits, keyed with the data directory's secret; never 0 or ABSENT."""
    kind: str
    """What it names: one of `core.fields.PERSONAL_KINDS`."""
    text: str
    owner_type: str = ""
    """Whose it is, where that is somebody else than whom it names: a type of PARTIES; "" where it is nobody else's."""
    owner: int = 0
    """The hash of the owner's id."""


PARTIES: Final = ("user", "merchant", "person")
"""Who has data of their own. What else an event names, such as a device or an address, is data of its party."""
_PARTY_FIELDS: Final = (("user_id", "user"), ("merchant_id", "merchant"))


def show_token(value: int) -> str:
    """The token of a hash.

    >>> show_token(-1), show_token(255)
    ('~ffffffffffffffff', '~00000000000000ff')
    """
    return f"{TOKEN_MARK}{value % _WORD:016x}"


def read_token(text: str) -> int | None:
    """The hash that a token says; None for any other text. No hash is 0 or ABSENT, so neither has a token.

    >>> read_token("~00000000000000ff"), read_token("~00000000000000FF"), read_token("u1")
    (255, None, None)
    """
    if len(text) != TOKEN_LENGTH or text[0] != TOKEN_MARK or not _DIGITS.issuperset(text[1:]):
        return None
    value = int(text[1:], 16)
    signed = value - _WORD if value >= _HALF else value
    return None if signed in (0, ABSENT) else signed


_PERSONAL: Final = {
    cls: tuple((name, FIELDS[name].personal or "") for name in cls.__struct_fields__ if FIELDS[name].personal)
    for cls in EVENT_CLASSES
}
"""The personal fields of each type, each with its kind or the field that says it."""


def personal_texts(event: Fact) -> Iterator[tuple[str, str, str]]:
    """The personal texts of an event, tokens included, in the order of its fields: (field, kind, text).

    >>> from bonafide.core.events import Login
    >>> list(personal_texts(Login(event_id="e", time=0, subject_type="merchant", subject_id="m1", ip="10.0.0.7")))
    [('subject_id', 'merchant', 'm1'), ('ip', 'ip', '10.0.0.7')]
    """
    for name, said in _PERSONAL[event.__class__]:
        value = getattr(event, name)
        if value is None:
            continue
        if isinstance(value, tuple):
            for item in value:
                yield name, said, item.id
            continue
        kind = getattr(event, said) if said in KIND_FIELDS else said
        if kind != NO_PERSON:
            yield name, kind, value


def party_of(event: Fact) -> tuple[str, str] | None:
    """Whose the other personal texts of an event are, as (type, id): its user's, else its merchant's, else whose login
    or account it is; None where it names nobody of PARTIES.

    >>> from bonafide.core.events import AccountLink
    >>> party_of(AccountLink(event_id="e", time=0, account_id="a1", owner_type="person", owner_id="x"))
    ('person', 'x')
    """
    for name, kind in _PARTY_FIELDS:
        value = getattr(event, name, None)
        if value is not None:
            return kind, value
    for said, name in (("subject_type", "subject_id"), ("owner_type", "owner_id")):
        told = getattr(event, said, None)
        if told in PARTIES:
            return told, getattr(event, name)
    return None


def with_texts(event: _Fact, change: Callable[[str, str], str]) -> _Fact:
    """The event with each personal text as `change` gives it from (kind, text).

    >>> from bonafide.core.events import Traffic
    >>> one = Traffic(event_id="e", time=0, merchant_id="m1", views=1, visits=1, from_time=0, to_time=1)
    >>> with_texts(one, lambda kind, text: f"{kind}:{text}").merchant_id
    'merchant:m1'
    """
    changed: dict[str, object] = {}
    lists: dict[str, list[Document]] = {}
    for name, kind, text in personal_texts(event):
        told = change(kind, text)
        if FIELDS[name].kind == "list":
            items = lists.setdefault(name, [])
            items.append(msgspec.structs.replace(getattr(event, name)[len(items)], id=told))
        else:
            changed[name] = told
    changed.update((name, tuple(items)) for name, items in lists.items())
    return msgspec.structs.replace(event, **changed) if changed else event


def refuse_tokens(event: Fact) -> InputError | None:
    """The refusal of an event that comes from a client and holds a token: only the journal writes them, and whoever
    could send one would send in another's name. None where it holds none.

    >>> from bonafide.core.events import CreditLine
    >>> print(refuse_tokens(CreditLine(event_id="e", time=0, user_id="~00000000000000ff", limit=1, currency="CNY",
    ...                                reason="grant")))
    user_id: '~00000000000000ff' is a pseudonym of the journal; give the id itself
    """
    for name, _, text in personal_texts(event):
        if read_token(text) is not None:
            told = f"{name}: '{text}' is a pseudonym of the journal; give the id itself"
            return InputError("invalid-field", told, name, f"'{text}'", event.event_id)
    return None
