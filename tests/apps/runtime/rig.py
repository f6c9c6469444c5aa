"""A runtime over a folder, for tests: started, used inside one event loop, and stopped or left as a crash leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

from bonafide.apps.runtime.intake import Vault
from bonafide.apps.runtime.jobs import Reply
from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.core.errors import InputError
from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.office.journal.journal import Journal
from tests.engine.kit import SECRET, START_MS
from tests.engine.tiny import tiny

T = TypeVar("T")
NOW_MS = START_MS + 3_600_000


LIMITS = Limits()


class Key:
    """Who sends."""

    key_id = "k1"


class Rig:
    """A runtime and what it said."""

    bundles: ClassVar[dict[str, Bundle]] = {}
    """Those that decided before, by their hash."""

    def __init__(self, folder: Path, limits: Limits, vault: Vault | None = None) -> None:
        self.said: list[str] = []
        self.ended: list[int] = []
        self.journal = Journal.open(folder)
        self.runtime = Runtime(
            self.engine, self.journal, folder, limits, wall_ms=lambda: NOW_MS, say=self.said.append,
            end=self.ended.append, vault=vault, find=self.bundles.__getitem__,
        )  # fmt: skip

    def engine(self) -> Engine:
        bundle = tiny()
        self.bundles[bundle.hash] = bundle
        return Engine(bundle, secret=SECRET)

    async def send(self, *events: Fact | InputError) -> list[Reply]:
        raw = [b"" if isinstance(e, InputError) else msgspec.json.encode(e) for e in events]
        return await self.runtime.decide(events, raw, Key())


def within(
    folder: Path, use: Callable[[Rig], Awaitable[T]], limits: Limits = LIMITS, vault: Vault | None = None
) -> T:  # fmt: skip
    """Start a runtime over a folder, use it and stop it."""

    async def run() -> T:
        rig = Rig(folder, limits, vault)
        rig.runtime.start()
        rig.runtime.run(asyncio.get_running_loop())
        try:
            return await use(rig)
        finally:
            await rig.runtime.stop()

    return asyncio.run(run())


def told(replies: Sequence[Reply]) -> list[Any]:
    """The objects that were answered."""
    return [msgspec.json.decode(reply.body) for reply in replies]
