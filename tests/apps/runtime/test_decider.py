"""The decider's short way for requests that were taken in whole, beside its way event by event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.apps.runtime.decider import Batch, Decider
from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.jobs import Job
from bonafide.core.errors import InputError
from bonafide.core.events import Fact
from bonafide.engine.engine import Engine
from bonafide.office.journal.journal import Journal
from tests.engine.test_engine_same import fixed_log
from tests.engine.tiny import tiny

NOW_MS = 1_790_000_000_000
KEPT_MS = 1_000


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    opened = Journal.open(tmp_path_factory.mktemp("decider"))
    yield opened
    opened.close()


def decided(
    journal: Journal, parts: Sequence[Sequence[Fact | InputError]], *, shortly: bool
) -> tuple[Batch, Figures, list[str]]:
    """What becomes of some requests in one batch, and what was counted; `shortly`: by the short way where it goes."""
    decider = Decider(Engine(tiny()), journal, Figures(), KEPT_MS)
    if not shortly:
        decider._poison["nothing has this id"] = InputError("undecidable", "", None, None, None)
    loop = asyncio.new_event_loop()
    jobs = [Job(part, [b"{}"] * len(part), f"k{i}", NOW_MS + i, loop.create_future()) for i, part in enumerate(parts)]
    loop.close()
    batch = decider.decide(jobs)
    bases = [repr(one) for one in batch.bases]  # NaN is not itself
    return batch._replace(jobs=[], bases=[]), decider._figures, bases


@settings(max_examples=12)
@given(st.lists(st.integers(0, 60), max_size=4), st.sets(st.integers(0, 60), max_size=2), st.integers(0, 200))
def test_requests_that_are_taken_whole_become_the_same(
    journal: Journal, sizes: list[int], refused: set[int], first: int
) -> None:
    log: list[Fact | InputError] = list(fixed_log()[first : first + 60])
    log += log[:5]  # known ids
    for place in refused & set(range(len(log))):
        log[place] = InputError("malformed", "not JSON", None, None, None)
    parts = [log[:size] for size in sizes]
    batch, figures, bases = decided(journal, parts, shortly=True)
    wanted, counted, looked_at = decided(journal, parts, shortly=False)
    assert (batch, bases) == (wanted, looked_at)
    for name in ("decided", "taught", "refused", "duplicates", "alerts"):
        assert getattr(figures, name) == getattr(counted, name), name
