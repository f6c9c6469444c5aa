"""Who is signed in at the console: a bounded memory, lost when it ends. A browser holds a random token, and never what
the API gave."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from bonafide.apps.console.api import Session

HELD_MAX: Final = 1_000
"""Sessions in memory; the one that was used the longest ago goes first."""
IDLE_MS: Final = 30 * 60_000
"""As long as the API keeps a session that is not used."""
LASTING_MS: Final = 12 * 3_600_000
"""As long as the API keeps any."""
LOOKING_MS: Final = 10 * 60_000
"""For so long after the last step of a person a page goes on to ask by itself: a page that is left open alone must not
keep a session alive."""
TOKEN_BYTES: Final = 32
SAID_LENGTH_MAX: Final = 500


class Held:
    """One person at one browser."""

    def __init__(self, session: Session, now_ms: int) -> None:
        self.session = session
        self.begun_ms = now_ms
        self.used_ms = now_ms
        self._said = ""

    def say(self, told: str) -> None:
        """Have the next page tell something once: what was said against a plain form."""
        self._said = told[:SAID_LENGTH_MAX]

    def say_once(self) -> str:
        """What there is to tell, which is told then."""
        told, self._said = self._said, ""
        return told

    def is_looking(self, now_ms: int) -> bool:
        """Whether somebody has done something lately."""
        return now_ms - self.used_ms < LOOKING_MS


class Holder:
    """Sessions by the hash of the browser's token."""

    def __init__(self, clock: Callable[[], int], draw: Callable[[int], str] = secrets.token_urlsafe) -> None:
        """`clock`: milliseconds since 1970."""
        self._clock = clock
        self._draw = draw
        self._held: OrderedDict[bytes, Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def begin(self, session: Session, before: str | None = None) -> str:
        """Hold a session; returns the token for the browser. The one that it had before is let go."""
        if before is not None:
            self.end(before)
        token = self._draw(TOKEN_BYTES)
        self._held[_hash(token)] = Held(session, self._clock())
        while len(self._held) > HELD_MAX:
            self._held.popitem(last=False)
        return token

    def find(self, token: str | None) -> Held | None:
        """Who holds a token; None where nobody does any more."""
        if not token:
            return None
        found, now = self._held.get(_hash(token)), self._clock()
        if found is None:
            return None
        if now - found.used_ms >= IDLE_MS or now - found.begun_ms >= LASTING_MS:
            del self._held[_hash(token)]
            return None
        found.used_ms = now
        self._held.move_to_end(_hash(token))
        return found

    def end(self, token: str) -> Held | None:
        """Let go of a session."""
        return self._held.pop(_hash(token), None)

    def drop(self, held: Held) -> None:
        """Let go of a session that the API does not know any more."""
        for key in [key for key, one in self._held.items() if one is held]:
            del self._held[key]

    def touch(self, held: Held) -> None:
        """A person did something on a page that was loaded before."""
        held.used_ms = self._clock()

    def now_ms(self) -> int:
        """What the clock says."""
        return self._clock()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
