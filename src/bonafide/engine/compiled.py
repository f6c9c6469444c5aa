"""What a bundle says, as arrays: the feature plan, the program of all conditions, the rules' weights.

`compile_bundle` decides everything that does not depend on the data directory's secret; `bind` adds the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.secret import unprinted
from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.core.moment import DAY_MS
from bonafide.engine.features import layout as at
from bonafide.engine.features.family import TERM_MS
from bonafide.engine.features.plan import FeaturePlan, Followed, Layout, NotKeptError, compile_features
from bonafide.engine.features.spec import Feature
from bonafide.engine.funds.layout import ESTABLISHES, FACTS
from bonafide.engine.rules.language import Node, names_in
from bonafide.engine.rules.machine import COLUMN
from bonafide.engine.rules.program import Builder, Program
from bonafide.engine.rules.utilisation import expand
from bonafide.engine.scheme import Placed, Scheme, place
from bonafide.engine.siphash import HashKey

LATENESS_MS: Final = 30 * DAY_MS
KNOWN_MS: Final = 90 * DAY_MS
"""How long, in log time, an event_id is known: a second event with it is a duplicate or a conflict."""
SECRET_BYTES: Final = 16
MODEL: Final = "model"
"""The part that scores besides the rules: what a `degraded` record names when it does not answer."""

RULES_ALONE: Final = Scheme()
NOT_FOLLOWED: Final = Followed(False, False)
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
    """The conditions of features, then those of rules."""
    words: NDArray[np.int64]
    floats: NDArray[np.float64]
    """Registers for features' conditions, registers for rules, the rules' weights, registers for COLUMN events at
    once, COLUMN words of scratch, the numbers that are carried, and the scheme's: one array, so that a call hands few
    over."""
    key: HashKey

    def __repr__(self) -> str:
        return unprinted(self)


def without_model(bound: Bound) -> Bound:
    """The same bundle without its model: payments are scored by the rules alone, as in a bundle that has none. What a
    scorecard says of the payer stays."""
    plan = bound.plan.copy()
    plan[at.P_TREES] = -1
    return bound._replace(plan=plan)


class Compiled(NamedTuple):
    """Features, conditions and rules compiled, before a secret is known."""

    features: FeaturePlan
    wheres: Program
    rules: Program
    """The conditions of rules, then what the scheme reads besides features."""
    weights: tuple[float, ...]
    """One for each rule."""
    settings: Settings
    scheme: Scheme = RULES_ALONE
    input_registers: tuple[int, ...] = ()
    """Where the program has each of the scheme's inputs."""

    def bind(self, secret: bytes, hash_texts: Callable[..., int]) -> Bound:
        """The arrays for a secret of SECRET_BYTES bytes; every index in them was made here, within its bounds."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(secret)}")
        key = np.frombuffer(secret, dtype="<u8")
        words = hash_words((*self.wheres.words, *self.rules.words), key, hash_texts)
        code = np.concatenate((self.wheres.code, self.rules.moved(len(self.wheres.code), len(self.wheres.words))))
        floats = self._floats()
        plan, placed = self._plan(key, len(words), len(floats))
        words, floats = np.concatenate((words, placed.words)), np.concatenate((floats, placed.floats))
        return Bound(plan, np.ascontiguousarray(code), words, floats, key)

    def _floats(self) -> NDArray[np.float64]:
        registers = self.rules.fresh_registers()
        return np.concatenate(
            (
                self.wheres.fresh_registers(), registers, self.weights, np.repeat(registers, COLUMN), np.zeros(COLUMN),
                np.zeros(len(self.features.layout.carried)),
            )
        )  # fmt: skip

    def _plan(self, key: NDArray[np.uint64], words: int, floats: int) -> tuple[NDArray[np.int64], Placed]:
        """The plan, and the scheme's arrays, which follow on so many words and floats."""
        tape = [0] * at.P_HEADER

        def table(values: Sequence[int]) -> int:
            start = len(tape)
            tape.extend(values)
            return start

        settings, features = self.settings, self.features
        genuine = self.wheres.registers + self.rules.registers * (1 + COLUMN) + len(self.weights)
        header = {
            at.P_FAMILIES: features.families,
            at.P_READ_FAMILIES: features.read_families,
            at.P_BLANK: features.blank,
            at.P_FAMILY: table(_moved(features, at.P_HEADER)),
            at.P_CARRIED: len(features.carry) // at.CARRY_STRIDE,
            at.P_CARRY: table(features.carry),
            at.P_CARRY_TYPES: features.carry_types,
            at.P_CARRY_NUMBERS: genuine + COLUMN,
            at.P_OFFSET_MS: settings.offset_ms,
            at.P_LATENESS_MS: settings.lateness_ms,
            at.P_KNOWN_MS: KNOWN_MS,
            at.P_WAIT_MS: TERM_MS,
            at.P_CURRENCY: WORD_CODE[settings.currency],
            at.P_RATES: len(settings.rates),
            at.P_RATE: table([v for r in settings.rates for v in (WORD_CODE[r.currency], r.minor, r.over)]),
            at.P_WHERE_END: len(self.wheres.code),
            at.P_CODE_END: len(self.wheres.code) + len(self.rules.code),
            at.P_RESULT: table(self.wheres.results.tolist()),
            at.P_RULES: len(self.weights),
            at.P_RULE: self.rules.first_result,
            at.P_FEATURES: len(features.columns),
            at.P_REGISTERS: self.wheres.registers,
            at.P_WEIGHTS: self.wheres.registers + self.rules.registers,
            at.P_COLUMNS: self.wheres.registers + self.rules.registers + len(self.weights),
            at.P_GENUINE: genuine,
            at.P_FUNDS: features.layout.followed.funds,
            at.P_LINKS: features.layout.followed.links,
            at.P_ASSUME: settings.assume_completed,
            at.P_NEEDS: len(features.layout.needs),
            at.P_NEED: table(features.layout.needs),
            at.P_SLACK: features.slack,
            at.P_BLOCKS: features.blocks,
            at.P_TYPE_FIELDS: table([table([len(places), *places]) for places in _TYPE_PLACES]),
            at.P_DECIDED: sum(1 << TYPE_CODE[name] for name, cls in EVENT_CLASS.items() if cls.decided),
        }
        placed = place(self.scheme, self.input_registers, self.weights, words, floats, table)
        for where, value in (header | placed.header).items():
            tape[where] = value
        plan = np.array(tape, dtype=np.int64)
        plan[at.P_KEY0 : at.P_KEY1 + 1] = key.view(np.int64)
        return plan, placed


def compile_bundle(
    features: Sequence[Feature], rules: Sequence[tuple[Node, float]], settings: Settings, layout: Layout | None = None,
    scheme: Scheme = RULES_ALONE, besides: Followed = NOT_FOLLOWED,
) -> Compiled:  # fmt: skip
    """Compile features and rules (condition, weight 0..1) with a bundle's settings and how it scores; `utilisation` is
    written out here.

    With a `layout` the features are answered from what it keeps; NotKeptError where more would have to be kept.
    `besides` is followed for somebody else, too.
    """
    wheres = Builder({})
    if not scheme.rule_reasons:
        scheme = scheme._replace(rule_reasons=(0,) * len(rules))
    own = _followed(features, [*(node for node, _ in rules), *scheme.nodes])
    followed = Followed(own.funds or besides.funds, own.links or besides.links)
    if layout is not None and (followed.funds > layout.followed.funds or followed.links > layout.followed.links):
        raise NotKeptError(tuple(f.name for f in features if f.derived) or ("rules on money or on what is shared",))
    plan = compile_features(
        features, wheres, assume_completed=settings.assume_completed, followed=followed, layout=layout
    )
    conditions = Builder(plan.columns, skips=True)
    for node, _ in rules:
        conditions.add(expand(node))
    scheme.add_to(conditions)
    program = conditions.build()
    registers = tuple(scheme.registers(conditions, program.results[len(rules) :]))
    weights = tuple(weight for _, weight in rules)
    return Compiled(plan, wheres.build(), program, weights, settings, scheme, registers)


def _followed(features: Sequence[Feature], rules: Sequence[Node]) -> Followed:
    """What features and rules need to be followed: what they count, and what they read of the event itself."""
    nodes = [*rules, *(f.where for f in features if f.where is not None)]
    types = {name for f in features for name in f.types}
    read = {name for node in nodes for name in names_in(node)} | {f.of for f in features}
    return Followed(bool(FACTS & read or ESTABLISHES & types), bool({"shares"} & read or {"linked"} & types))


def _moved(features: FeaturePlan, by: int) -> list[int]:
    """The feature plan's tape, with the offsets inside its family records moved by `by` words."""
    tape = list(features.tape)
    offsets = (at.F_PART, at.F_WINDOW, at.F_BIT, at.F_RAW, at.F_SET, at.F_BAG, at.F_EXTREME, at.F_CURSOR, at.F_TOTAL,
               at.F_FEATURE, at.F_CARRY)  # fmt: skip
    for family in range(0, features.families * at.F_STRIDE, at.F_STRIDE):
        for offset in offsets:
            tape[family + offset] += by
        window = features.tape[family + at.F_WINDOW]
        for _ in range(tape[family + at.F_WINDOWS]):
            tape[window + 2] += by
            window += at.WINDOW_STRIDE
    return tape


def hash_words(words: Sequence[int | str], key: HashKey, hash_texts: Callable[..., int]) -> NDArray[np.int64]:
    """A program's words with its texts hashed, and each group sorted."""
    texts = [w for w in words if isinstance(w, str)]
    hashed = np.full((max(len(texts), 1), 1), ABSENT, dtype=np.int64)
    if texts:
        hash_texts("\0".join(texts).encode(), hashed, 0, key)
    found = iter(hashed[:, 0].tolist())
    hashes = np.array([next(found) if isinstance(w, str) else w for w in words], dtype=np.int64)
    group = 0
    while group < len(hashes):
        end = group + 1 + int(hashes[group])
        hashes[group + 1 : end].sort()
        group = end
    return hashes
