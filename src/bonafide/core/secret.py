"""Text that no message, log, traceback or dump shows."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn

HIDDEN: Final = "***"


def unprinted(one: object) -> str:
    """The `__repr__` of what holds a secret among other things: what it is, and nothing of it.

    >>> class Held:
    ...     __repr__ = unprinted
    >>> print(Held())
    Held(***)
    """
    return f"{type(one).__name__}({HIDDEN})"


class Secret:
    """A key or a password while it is in memory. Whatever prints it prints `***`; only `reveal` gives the text.

    It is no `str`, so that joining, formatting and encoding it fail or hide it. Two secrets are compared by `matches`
    alone, which takes the same time wherever they differ; pickling one is refused.

    >>> key = Secret("bf_abc_def")
    >>> print(key, repr(key), f"{key:>5}")
    *** *** ***
    >>> key.reveal()
    'bf_abc_def'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, to be shown once or sent where it belongs."""
        return self._text

    def matches(self, other: Secret) -> bool:
        """Whether both hold the same text, in a time that does not tell where they differ."""
        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass")
        )

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return self.matches(other) if isinstance(other, Secret) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a hash table of secrets would compare them by itself

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not copied out of the process")
