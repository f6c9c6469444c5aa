"""What a bundle says, as arrays: the feature plan, the program of all conditions, the rules' weights.

`compile_bundle` decides everything that does not depend on the data directory's secret; `bind` adds the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.core.moment import DAY_MS
from bonafide.engine.features import layout as at
from bonafide.engine.features.plan import TERM_MS, FeaturePlan, compile_features
from bonafide.engine.features.spec import Feature
from bonafide.engine.rules.language import Node
from bonafide.engine.rules.program import Builder, Program

LATENESS_MS: Final = 30 * DAY_MS
KNOWN_MS: Final = 90 * DAY_MS
"""How long, in log time, an event_id is known: a second event with it is a duplicate or a conflict."""
SECRET_BYTES: Final = 16


_TYPE_PLACES: Final = [[FIELDS[name].place for name in cls.__struct_fields__] for cls in EVENT_CLASS.values()]


class Rate(NamedTuple):
    """Minor units of the bundle's currency for `over` minor units of another: an exact ratio."""

    currency: str
    minor: int
    over: int


class Settings(NamedTuple):
    """What a bundle fixes for all its features and rules."""

    currency: str
    rates: tuple[Rate, ...] = ()
    offset_ms: int = 0
    """Local time minus UTC, for local_hour and local_day."""
    lateness_ms: int = LATENESS_MS
    assume_completed: bool = False


class Bound(NamedTuple):
    """The arrays that a kernel call takes; they hold the secret."""

    plan: NDArray[np.int64]
    code: NDArray[np.int64]
    words: NDArray[np.int64]
    registers: NDArray[np.float64]
    """The constants, then room for temporaries."""
    weights: NDArray[np.float64]
    key: tuple[np.uint64, np.uint64]


class Compiled(NamedTuple):
    """Features, conditions and rules compiled, before a secret is known."""

    features: FeaturePlan
    program: Program
    rules: tuple[int, ...]
    """The condition number of each rule."""
    weights: tuple[float, ...]
    where_end: int
    settings: Settings

    def bind(self, secret: bytes, hash_texts: Callable[..., int]) -> Bound:
        """The arrays for a secret of SECRET_BYTES bytes; every index in them was made here, within its bounds."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(secret)}")
        key = np.frombuffer(secret, dtype="<u8")
        words = _hash_words(self.program.words, key, hash_texts)
        return Bound(
            self._plan(key), self.program.code, words, self.program.fresh_registers(),
            np.array(self.weights, dtype=np.float64), (key[0], key[1]),
        )  # fmt: skip

    def _plan(self, key: NDArray[np.uint64]) -> NDArray[np.int64]:
        tape = [0] * at.P_HEADER

        def table(values: Sequence[int]) -> int:
            start = len(tape)
            tape.extend(values)
            return start

        settings, features = self.settings, self.features
        header = {
            at.P_FAMILIES: features.families,
            at.P_FAMILY: table(_moved(features, at.P_HEADER)),
            at.P_OFFSET_MS: settings.offset_ms,
            at.P_LATENESS_MS: settings.lateness_ms,
            at.P_KNOWN_MS: KNOWN_MS,
            at.P_WAIT_MS: TERM_MS,
            at.P_CURRENCY: WORD_CODE[settings.currency],
            at.P_RATES: len(settings.rates),
            at.P_RATE: table([v for r in settings.rates for v in (WORD_CODE[r.currency], r.minor, r.over)]),
            at.P_WHERE_END: self.where_end,
            at.P_CODE_END: len(self.program.code),
            at.P_RESULT: table(self.program.results.tolist()),
            at.P_RULES: len(self.rules),
            at.P_RULE: table([int(self.program.results[r]) for r in self.rules]),
            at.P_NEEDS: len(features.needs),
            at.P_NEED: table(features.needs),
            at.P_SLACK: features.slack,
            at.P_TYPE_FIELDS: table([table([len(places), *places]) for places in _TYPE_PLACES]),
            at.P_DECIDED: sum(1 << TYPE_CODE[name] for name, cls in EVENT_CLASS.items() if cls.decided),
        }
        for place, value in header.items():
            tape[place] = value
        plan = np.array(tape, dtype=np.int64)
        plan[at.P_KEY0 : at.P_KEY1 + 1] = key.view(np.int64)
        return plan


def compile_bundle(features: Sequence[Feature], rules: Sequence[tuple[Node, float]], settings: Settings) -> Compiled:
    """Compile features and rules (condition, weight 0..1) with a bundle's settings."""
    columns = {f.name: i for i, f in enumerate(features)}
    builder = Builder(columns)
    plan = compile_features(features, builder, assume_completed=settings.assume_completed)
    where_end = builder.length
    numbers = tuple(builder.add(node) for node, _ in rules)
    return Compiled(plan, builder.build(), numbers, tuple(w for _, w in rules), where_end, settings)


def _moved(features: FeaturePlan, by: int) -> list[int]:
    """The feature plan's tape, with the offsets inside its family records moved by `by` words."""
    tape = list(features.tape)
    offsets = (at.F_PART, at.F_WINDOW, at.F_BIT, at.F_RAW, at.F_SET, at.F_BAG, at.F_EXTREME, at.F_CURSOR, at.F_TOTAL,
               at.F_FEATURE)  # fmt: skip
    for family in range(0, features.families * at.F_STRIDE, at.F_STRIDE):
        for offset in offsets:
            tape[family + offset] += by
        window = features.tape[family + at.F_WINDOW]
        for _ in range(tape[family + at.F_WINDOWS]):
            tape[window + 2] += by
            window += at.WINDOW_STRIDE
    return tape


def _hash_words(
    words: Sequence[int | str], key: NDArray[np.uint64], hash_texts: Callable[..., int]
) -> NDArray[np.int64]:
    texts = [w for w in words if isinstance(w, str)]
    hashed = np.full((max(len(texts), 1), 1), ABSENT, dtype=np.int64)
    if texts:
        hash_texts(np.frombuffer("\0".join(texts).encode(), dtype=np.uint8), hashed, 0, key[0], key[1])
    found = iter(hashed[:, 0].tolist())
    return np.array([next(found) if isinstance(w, str) else int(w) for w in words], dtype=np.int64)
