"""People over a store of one test: quick hashes, a clock that the test moves, and random bytes that are none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from itertools import count

from bonafide.core.secret import Secret
from bonafide.office.audit.entry import Actor
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.people import People
from bonafide.office.people.sign_in import SignedIn, SignIn
from bonafide.office.people.totp import STEP_MS, code_at
from bonafide.office.store.database import Store
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.master import MasterKeys
from tests.office.audit.kit import Clock

ROOT = Actor("terminal:root", "terminal")
HERE, THERE = "127.0.0.1", "192.0.2.7"
PASSWORD = Secret("correct horse battery")
MASTER = bytes(range(32))


@cache
def quick() -> Passwords:
    """Hashes that cost nothing."""
    return Passwords(passes=1, memory_kib=8, lanes=1)


def counted() -> Callable[[int], bytes]:
    """Stands for random bytes where a test must go the same way twice; all different, as those are."""
    numbers = count()

    def draw(length: int) -> bytes:
        number = next(numbers)
        return b"".join(sha256(f"{number} {part}".encode()).digest() for part in range(length // 32 + 1))[:length]

    return draw


class Office:
    """People and their sign-in over one store."""

    def __init__(self, store: Store, clock: Clock | None = None, passwords: Passwords | None = None) -> None:
        self.store, self.clock = store, clock or Clock()
        draw = counted()
        self.keyring = Keyring(store, MasterKeys([MASTER]), draw)
        given = {"clock": self.clock, "draw": draw, "passwords": passwords or quick()}
        self.people = People(store, **given)  # type: ignore[arg-type]
        self.chosen: list[str] = []
        self.desk = SignIn(store, self.keyring, password_chosen=self.chosen.append, **given)  # type: ignore[arg-type]
        self.secrets: dict[str, bytes] = {}

    def invited(self, name: str, role: str = "analyst") -> Secret:
        """Somebody who has a one-time password."""
        return self.people.create(ROOT, name, role)[0]

    def settled(self, name: str, role: str = "analyst") -> SignedIn:
        """Somebody who has chosen a password and set up the second factor."""
        first = self.invited(name, role)
        token, _ = self.desk.sign_in(name, first, HERE)
        token, _ = self.desk.change_password(token, first, PASSWORD, HERE)
        self.secrets[name] = secret_in(self.desk.begin_totp(token, HERE))
        return self.desk.confirm_totp(token, self.code(name), HERE)

    def code(self, name: str, steps: int = 0) -> str:
        """The code that somebody's device shows, now or some steps from now."""
        return code_at(self.secrets[name], self.clock.now_ms // STEP_MS + steps)


def secret_in(url: Secret) -> bytes:
    """The secret in what a device reads."""
    import base64
    from urllib.parse import parse_qs, urlsplit

    text = parse_qs(urlsplit(url.reveal()).query)["secret"][0]
    return base64.b32decode(text)
