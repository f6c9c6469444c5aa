"""Answers as the journal keeps them, told again with the subject's id."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from bonafide.core.pseudonym import read_token

_SUBJECT: Final = re.compile(rb'"subject_type":"(\w+)","subject_id":"(~[0-9a-f]{16})"')
"""Inside a text every quote has a backslash before it, so this is found nowhere else."""


def with_subject(answer: bytes, clear_of: Callable[[str, int], str | None]) -> bytes:
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
