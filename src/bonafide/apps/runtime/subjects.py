"""What the journal keeps, told again with the texts that tokens stand for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from bonafide.core.door import decode_event
from bonafide.core.pseudonym import TOKEN_MARK, read_token, with_texts

ClearOf = Callable[[str, int], str | None]
"""The text of (kind, hash); None where it is not known."""

_SUBJECT: Final = re.compile(rb'"subject_type":"(\w+)","subject_id":"(~[0-9a-f]{16})"')
"""Inside a text every quote has a backslash before it, so this is found nowhere else."""


def with_subject(answer: bytes, clear_of: ClearOf) -> bytes:
    """The answer with the id that `clear_of` knows of (kind, hash) in place of a token; where it knows none, the token.

    >>> with_subject(b'{"subject_type":"user","subject_id":"~00000000000000ff"}', lambda kind, value: f"{kind}{value}")
    b'{"subject_type":"user","subject_id":"user255"}'
    """

    def clear(found: re.Match[bytes]) -> bytes:
        value = read_token(found[2].decode())
        text = None if value is None else clear_of(found[1].decode(), value)
        if text is None:
            return found[0]
        return b'"subject_type":"%b","subject_id":%b' % (found[1], msgspec.json.encode(text))

    return _SUBJECT.sub(clear, answer)


def with_clear_texts(content: bytes, clear_of: ClearOf) -> bytes:
    """An event's JSON with the texts that `clear_of` knows in place of tokens."""
    if TOKEN_MARK.encode() not in content:
        return content

    def clear(kind: str, text: str) -> str:
        value = read_token(text)
        known = None if value is None else clear_of(kind, value)
        return text if known is None else known

    return msgspec.json.encode(with_texts(decode_event(content), clear))
