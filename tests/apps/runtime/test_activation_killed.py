"""A process that is killed while bundles take over: what was acknowledged is there, each decision has one bundle, and
the next start goes on with the one that the log names."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from benches.activation import check_pinned
from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.engine.engine import DEFAULT_SECRET, Engine
from bonafide.office.bundles.kept import load_kept
from bonafide.office.journal.journal import Journal
from tests.engine.kit import payment

KILLS = 8
ROOT = Path(__file__).parents[3]


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-m", "benches.activation", "--folder", str(tmp_path), "--events", "200000", "--swaps",
               "400", "--rate", "0", "--tell"]  # fmt: skip
    acknowledged, ends = 0, random.Random(seed).randrange(1_000, 25_000)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        while acknowledged < ends and (line := child.stdout.readline()):
            acknowledged = int(line)
        child.kill()
        acknowledged = max([acknowledged, *(int(line) for line in child.stdout.read().split("\n")[:-1])])
    check_pinned(tmp_path, acknowledged, at_least=True)
    journal = Journal.open(tmp_path)
    last = load_kept(tmp_path, journal.head.bundle or "")

    async def go_on() -> None:
        runtime = Runtime(
            lambda: Engine(last, secret=DEFAULT_SECRET), journal, tmp_path, Limits(deadline_ms=60_000),
            wall_ms=lambda: 1_767_701_800_000,
        )  # fmt: skip
        runtime.start()
        runtime.run(asyncio.get_running_loop())
        (answer,) = await runtime.decide((payment(10**7, 0),), None, _Key())
        assert last.hash in answer.body.decode()
        await runtime.stop()

    asyncio.run(go_on())
    check_pinned(tmp_path, acknowledged, at_least=True)


class _Key:
    key_id = "k1"
