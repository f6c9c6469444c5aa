"""Keys over a store of one test, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from secrets import token_bytes

from bonafide.core.moment import DAY_MS
from bonafide.core.secret import Secret
from bonafide.office.access.keys import KEY_CACHE_MS, Keys
from bonafide.office.store.database import Store

START_MS = 1_767_601_800_000
LONG_MS = 1_000 * DAY_MS


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


def counted() -> Callable[[int], bytes]:
    """Stands for random bytes where a test must go the same way twice; all different, as those are."""
    numbers = count()
    return lambda length: sha256(str(next(numbers)).encode()).digest()[:length]


@contextmanager
def open_keys(
    path: Path | str, clock: Clock, cache_ms: int = KEY_CACHE_MS, draw: Callable[[int], bytes] = token_bytes
) -> Iterator[Keys]:
    """Keys over a store of their own, as another process has them."""
    with Store.open(path) as store:
        keys = Keys(store, cache_ms=cache_ms, clock=clock, draw=draw)
        try:
            yield keys
        finally:
            keys.close()


def header(key: Secret) -> str:
    """The Authorization header that presents a key."""
    return f"Bearer {key.reveal()}"
