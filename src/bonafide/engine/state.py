"""What the engine remembers: one arena, one secret, and the arrays of the bundle that reads and writes it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import StateError
from bonafide.engine import arena
from bonafide.engine.codes import HITS_PER_WORD, V_HITS
from bonafide.engine.compiled import MODEL, Bound, Compiled, without_model
from bonafide.engine.funds.layout import L_EVENT, LOOP_WORDS, TRAIL_FIRST, TRAIL_WORDS
from bonafide.engine.kernels import Kernels
from bonafide.engine.walk import SCRATCH_WORDS

PAGE_WORDS: Final = 512
AHEAD_WORDS: Final = 2**22
"""32 MiB that are ready beyond what is in use: enough for the table of the busiest merchant's buyers to double."""
STEP_WORDS: Final = 2**14
EVENT_WORDS: Final = 2**7
"""Made ready in one call: 128 KiB, and a KiB for each of its events."""


_NO_WAYS: Final = np.zeros((0, LOOP_WORDS), dtype=np.int64)


class Walked(NamedTuple):
    """What one walk over n events gave."""

    answers: NDArray[np.float64]
    """n x (features, then the model's inputs, then the scorecard's); NaN is missing. Rows that were not asked for are
    undefined, and so are inputs of events that are not decided on."""
    verdicts: NDArray[np.int64]
    """n x (V_HITS + words of hits)."""
    ways: NDArray[np.int64]
    """k x LOOP_WORDS: what came home with which event, and how."""


class State:
    """Keyed state under one compiled bundle."""

    def __init__(
        self, compiled: Compiled, secret: bytes, kernels: Kernels, memory: NDArray[np.int64] | None = None
    ) -> None:  # fmt: skip
        """`memory`: of a state that is there already, to look at and not to walk in; else an empty one is made."""
        self.kernels = kernels
        self._secret = secret
        self.degraded: tuple[str, ...] = ()
        """Parts that do not answer now, as the log's last `degraded` record told them."""
        self._bind(compiled)
        self.memory = self._empty() if memory is None else memory
        self._scratch = np.zeros(SCRATCH_WORDS, dtype=np.int64)
        self._trail = np.zeros(TRAIL_WORDS, dtype=np.int64)
        self._touched = 0

    def _empty(self) -> NDArray[np.int64]:
        memory = arena.reserve()
        self.kernels.open_state(memory)
        return memory

    def bind(self, compiled: Compiled) -> Bound:
        """What another bundle compiled to, with this state's secret."""
        return compiled.bind(self._secret, self.kernels.hash_texts)

    def _bind(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._whole = self.bind(compiled)
        self.degrade(self.degraded)
        self._columns = len(compiled.features.columns) + len(compiled.input_registers)
        self._hit_words = -(-len(compiled.weights) // HITS_PER_WORD)

    def swap(self, compiled: Compiled) -> None:
        """Go on with the same memory under another compiled bundle of equal layout and settings."""
        if (compiled.features.layout, compiled.settings) != (self.compiled.features.layout, self.compiled.settings):
            raise StateError(
                "what is remembered was kept for other features or settings: warm a new state from the log"
            )
        self._bind(compiled)

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next event on these parts do not answer; nothing that is remembered changes."""
        self.degraded = parts
        self.bound = bound = without_model(self._whole) if MODEL in parts else self._whole
        self._program = bound.plan, bound.code, bound.words, bound.floats

    def twin(self, compiled: Compiled) -> State:
        """An empty state under another bundle, with the same secret."""
        return State(compiled, self._secret, self.kernels)

    def walk(self, rows: NDArray[np.int64], how: NDArray[np.int64], into: Walked | None = None) -> Walked:
        """Carry rows through the kernel in order.

        rows: n x ROW_WIDTH, completed in place; how: n of ABSORBED, DERIVED, READ, ANSWERED; into: what `room` gave,
        where arrays are used again. Raises StateError when the arena is full: the events before the one named were
        taken in, it and the later ones were not.
        """
        n = len(rows)
        if self._touched - self.memory.item(arena.H_TOP) < AHEAD_WORDS:
            self._touch(n)
        walked = into or self.room(n)
        walk, kept = self.kernels.walk, (self.memory, *self._program, self._scratch)
        done = walk(*kept, rows, how, walked.answers, walked.verdicts, self._trail)
        if done == n and not self._trail.item(0):  # so mostly: nothing came home
            return walked
        ways = self._ways(0)
        while done < n:  # the arena is full, or the trail was and begins anew
            left = rows[done:], how[done:], walked.answers[done:], walked.verdicts[done:]
            more = walk(*kept, *left, self._trail)
            if more == 0:
                size = len(self.memory) * 8 >> 30
                raise StateError(
                    f"the engine's memory of {size} GiB is full at event {done} of {n} of this batch: shorten windows, "
                    f"drop features without `over`, or give the process more address space"
                )
            ways = np.concatenate((ways, self._ways(done)))
            done += more
        return walked._replace(ways=ways)

    def _ways(self, first: int) -> NDArray[np.int64]:
        """The ways home of the last walk, which began with event number `first`."""
        count = self._trail.item(0)
        if count == 0:
            return _NO_WAYS
        ways = self._trail[TRAIL_FIRST : TRAIL_FIRST + count * LOOP_WORDS].reshape(count, LOOP_WORDS).copy()
        ways[:, L_EVENT] += first
        return ways

    def room(self, n: int) -> Walked:
        """Arrays for what a walk over n events gives; a walk may be given them to fill."""
        return Walked(np.empty((n, self._columns)), np.empty((n, V_HITS + self._hit_words), dtype=np.int64), _NO_WAYS)

    def _touch(self, n: int) -> None:
        """Have memory ready ahead of need, a little each time, so that no one event waits for much of it."""
        top = self.memory.item(arena.H_TOP)
        first = max(self._touched, top) // PAGE_WORDS * PAGE_WORDS
        words = min(STEP_WORDS + n * EVENT_WORDS, len(self.memory) - first) // PAGE_WORDS * PAGE_WORDS
        ready = words > 0 and arena.touch(self.memory, first, words)
        self._touched = first + words if ready else len(self.memory) + AHEAD_WORDS

    @property
    def used_bytes(self) -> int:
        """Bytes of the arena in use."""
        return int(self.memory[arena.H_TOP]) * 8

    @property
    def latest_ms(self) -> int:
        """The latest time in the log; -1 before the first event."""
        return self.memory.item(arena.H_LATEST)

    @property
    def seq(self) -> int:
        """The place in the log of the next event."""
        return int(self.memory[arena.H_SEQ])

    @property
    def mark(self) -> tuple[int, int, int]:
        """How far in the log it stands: the next place, the events taken in (those told as derived too; not what is
        established of itself, which another bundle need not count), the latest time."""
        return self.seq, int(self.memory[arena.H_TAKEN]), self.latest_ms

    @property
    def kept(self) -> NDArray[np.int64]:
        """Everything remembered, where it lies: it changes with the next event."""
        return self.memory[: int(self.memory[arena.H_TOP])]

    def save(self) -> NDArray[np.int64]:
        """A copy of everything remembered."""
        return self.kept.copy()

    def load(self, saved: NDArray[np.int64]) -> None:
        """Put back what `save` gave; the limit stays this process's own."""
        limit = self.memory[arena.H_LIMIT]
        if len(saved) >= limit:
            raise StateError("the saved state is larger than the address space of this process")
        used = int(self.memory[arena.H_TOP])
        self.memory[: len(saved)] = saved
        self.memory[len(saved) : used] = 0
        self.memory[arena.H_LIMIT] = limit
