"""Clear ids in what leaves: at rest a message holds tokens (`core.pseudonym`), and whoever gets it reads ids.

So the outbox keeps nothing clear: who is forgotten is forgotten here too, in what was not sent yet and in what was.
A token is put away where it stands as the value of a field that names somebody, and nowhere else: a text that only
looks like one, in a reason say, stays. What is not known leaves as its token.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw

from bonafide.core.fields import FIELDS, KIND_FIELDS, NO_PERSON
from bonafide.core.pseudonym import TOKEN_MARK, read_token

Pair = tuple[str, int]
"""What a text names (`user`), and the hash that stands for it."""
ClearTexts = Callable[[Collection[Pair]], Mapping[Pair, str]]
"""The texts that are known of pairs. Raises StateError where that cannot be said now; then nothing leaves."""
UNKNOWN_WAIT_S: Final = 60
"""How long a message waits for an id that is not known: one that came seconds ago may be on its way to the vault. After
that it leaves with the token, as it does for who was forgotten."""
_MS: Final = 1_000
_SOONEST_MS: Final = 1_000
"""When a message that waits for an id is looked at again, at the soonest; then after twice as long, and so on."""
_KINDS: Final = {name: field.personal for name, field in FIELDS.items() if field.personal}
"""Field -> what its text names, or the field beside it that says so."""
_MAYBE: Final = b'"' + TOKEN_MARK.encode()
_Named: Final = msgspec.defstruct("_Named", [(name, Any, None) for name in sorted({*_KINDS, *KIND_FIELDS})], gc=False)
"""The fields of a message's data that name somebody; the rest is passed over."""
_Message: Final = msgspec.defstruct("_Message", [("data", _Named, msgspec.field(default_factory=_Named))], gc=False)
_read_named: Final = msgspec.json.Decoder(_Message).decode
_read_object: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class Draft(NamedTuple):
    """What leaves, as it is at rest."""

    subject: str
    """Whom it is about: `user:~0123456789abcdef`."""
    body: bytes


class Clear(NamedTuple):
    """What leaves, as its receiver gets it."""

    subject: str
    body: bytes
    unknown: int = 0
    """How many tokens are in it because nobody knows what they stand for."""

    def waits_ms(self, created_ms: int, now_ms: int) -> int:
        """How long it is held back, 0 where it is not: until its ids are known, UNKNOWN_WAIT_S at most.

        >>> message = Clear("user:~00000000000000ff", b"{}", unknown=1)
        >>> [message.waits_ms(0, now_ms) for now_ms in (0, 3_000, 59_500, 60_000)]
        [1000, 3000, 500, 0]
        """
        age_ms = now_ms - created_ms
        if not self.unknown or not 0 <= age_ms < UNKNOWN_WAIT_S * _MS:  # a clock that was set back holds up nothing
            return 0
        return min(max(age_ms, _SOONEST_MS), UNKNOWN_WAIT_S * _MS - age_ms)


def one_by_one(clear_of: Callable[[str, int], str | None]) -> ClearTexts:
    """The texts of many pairs from a function of (kind, hash) that gives the text of one, or None.

    >>> one_by_one(lambda kind, value: "u1" if value == 255 else None)([("user", 255), ("user", 7)])
    {('user', 255): 'u1'}
    """

    def clear_texts(pairs: Collection[Pair]) -> Mapping[Pair, str]:
        found = ((pair, clear_of(*pair)) for pair in pairs)
        return {pair: text for pair, text in found if text is not None}

    return clear_texts


def put_in(drafts: Sequence[Draft], clear_texts: ClearTexts) -> list[Clear]:
    """What leaves, in the same order, with the ids that are known in place of tokens; asked for all at once.

    What holds no token, or none that is known, keeps its bytes. Raises what `clear_texts` raises.

    >>> draft = Draft("user:~00000000000000ff", b'{"data":{"user_id":"~00000000000000ff","hits":["~00000000000000ff"]}}'
    ... )
    >>> put_in([draft], one_by_one(lambda kind, value: f"{kind} {value}"))[0]
    Clear(subject='user:user 255', body=b'{"data":{"user_id":"user 255","hits":["~00000000000000ff"]}}', unknown=0)
    """
    forms = [_Form(draft) for draft in drafts]
    wanted = {pair for form in forms for pair in form.pairs}
    known = clear_texts(wanted) if wanted else {}
    return [form.fill(known) for form in forms]


class _Form:
    """A draft and where its tokens stand."""

    __slots__ = ("_draft", "_found", "_subject", "pairs")

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        kind, _, text = draft.subject.partition(":")
        self._subject = _pair(kind, text)
        self._found = _tokens(_read_named(draft.body).data) if _MAYBE in draft.body else []  # type: ignore[attr-defined]
        self.pairs = [pair for _, pair in self._found]
        """What is to be known."""
        if self._subject is not None:
            self.pairs.append(self._subject)

    def fill(self, known: Mapping[Pair, str]) -> Clear:
        """The draft with what is known."""
        subject, body = self._draft
        if self._subject is not None and self._subject in known:
            subject = f"{self._subject[0]}:{known[self._subject]}"
        told = [(name, Raw(_encode(known[pair]))) for name, pair in self._found if pair in known]
        if told:
            message = _read_object(body)
            data = _read_object(message["data"])
            data.update(told)
            message["data"] = Raw(_encode(data))
            body = _encode(message)
        return Clear(subject, body, sum(pair not in known for pair in self.pairs))


def _tokens(data: Any) -> list[tuple[str, Pair]]:
    """The fields of a message whose value is a token: (name, what it stands for)."""
    found = []
    for name, said in _KINDS.items():
        text = getattr(data, name)
        if text is not None:
            pair = _pair(getattr(data, said) if said in KIND_FIELDS else said, text)
            if pair is not None:
                found.append((name, pair))
    return found


def _pair(kind: object, text: object) -> Pair | None:
    if not isinstance(kind, str) or not isinstance(text, str) or kind == NO_PERSON:
        return None
    value = read_token(text)
    return None if value is None else (kind, value)
