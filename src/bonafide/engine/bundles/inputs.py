"""model/inputs.yaml: what the model and the scorecards read of an event, as numbers with a direction and a reason.

People write it; `bonafide train` fits to it, and the engine reads by it. Words enter as conditions, which are 1, 0 or
missing: a model has no categories that a new word could fall out of.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar

from msgspec import Meta, Struct

from bonafide.core.fields import FIELDS, Origin
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.bundles.shapes import fit
from bonafide.engine.features.spec import Feature, is_label
from bonafide.engine.rules.cost import BUNDLE_COST_MAX, cost_of_all, too_costly
from bonafide.engine.rules.language import (
    Apply, ExpressionError, Missing, Name, Node, Problem, Quantity, Vocabulary, names_in, parse_located,
)  # fmt: skip
from bonafide.engine.rules.source import Document
from bonafide.engine.graded import KNOTS_MAX, DeclaredGraded, MerchantFamily
from bonafide.engine.scorecard import Direction, Family

INPUTS: Final = "model/inputs.yaml"
INPUTS_MAX: Final = 512
SIGN: Final[dict[Direction | None, int]] = {"up": 1, "down": -1, None: 0}
"""As monotone constraints of the margin."""

_WORDS_MAX: Final = 8
"""Of a field with more words (a currency), each by itself says little."""
_NAME: Final = re.compile("[a-z][a-z0-9_]{0,63}")
_Name = Annotated[
    str, Meta(pattern=f"^{_NAME.pattern}$", description="a name of small letters, digits and _, at most 64")
]
_Number = Annotated[float, Meta(ge=-1e15, le=1e15, description="a number")]
_Called = Annotated[str, Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")]
_Of = Annotated[str, Meta(description="a number or a condition, such as amount / credit_limit or goods == 'virtual'")]


class DeclaredInput(Struct, frozen=True, forbid_unknown_fields=True):
    """An input of the model as it is written."""

    name: _Name
    of: _Of | None = None
    """Without it, the feature or field called `name`."""
    direction: Direction | None = None
    """Of which values cash-out is more likely: higher ones (up) or lower ones (down)."""
    reason: str | None = None


class DeclaredFamilyInput(Struct, frozen=True, forbid_unknown_fields=True):
    """An input of the scorecard as it is written."""

    name: _Name
    family: Family
    of: _Of | None = None
    direction: Direction | None = None
    reason: str | None = None


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """What the points of an input may be, whatever the log says."""

    step: Annotated[float, Meta(gt=0, le=1e9, description="a number above 0")] | None = None
    """By how much one event moves the input at most; None: no event that is usual does."""
    most: Annotated[float, Meta(gt=0, le=600, description="a number above 0, at most 600")] | None = None
    """How many points one event may move by it; without `step`, how many points there are."""
    least: Annotated[float, Meta(ge=0, le=600, description="a number from 0 to 600")] = 0.0
    """How many points it takes at its worst, even where the log has too few cases to say so."""
    fades: bool = False
    """Whether every good sale lessens it: all such inputs move at once."""
    knots: Annotated[tuple[_Number, ...], Meta(min_length=2, max_length=KNOTS_MAX)] | None = None
    """Where points stand, in rising order; None: where the log's values lie."""


class DeclaredMerchantInput(Struct, frozen=True, forbid_unknown_fields=True):
    """An input of the merchants' card as it is written; `of` may name inputs that stand above it."""

    name: _Name
    family: MerchantFamily
    direction: Direction
    zh: _Called
    en: _Called
    """What it is called: the names of features would be too long to read."""
    of: _Of | None = None
    reason: str | None = None
    fit: Shape = Shape()


class Training(Struct, frozen=True, forbid_unknown_fields=True):
    """How `bonafide train` fits the model."""

    max_bin: Annotated[int, Meta(ge=15, le=65_535, description="a whole number from 15 to 65535")] = 1_023
    """Most bins of an input: amounts need fine splits."""
    trees: Annotated[int, Meta(ge=1, le=1_000, description="a whole number from 1 to 1000")] = 200
    leaves: Annotated[int, Meta(ge=2, le=255, description="a whole number from 2 to 255")] = 31
    unlabelled: Literal["honest", "left_out"] = "honest"
    """What a payment without a label is taken for: left out where genuine ones are told as surely as cash-out."""


class DeclaredInputs(Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written; what stands in the lists is read one by one."""

    model: list[Any] = []
    scorecard: list[Any] = []
    merchant_scorecard: list[Any] = []
    training: Training = Training()


class Input(NamedTuple):
    """A number that the model or the scorecard reads of an event."""

    name: str
    node: Node
    direction: Direction | None
    reason: str
    """The code that tells people of it."""
    family: Family | None = None


class MerchantInput(NamedTuple):
    """A number that the merchants' card reads of an event."""

    name: str
    node: Node
    direction: Direction
    reason: str
    """The code that tells people of it."""
    family: MerchantFamily
    zh: str
    en: str
    """What it is called."""
    shape: Shape
    """What its points may be."""


class Inputs(NamedTuple):
    """All that is read, in the order of the columns."""

    model: tuple[Input, ...] = ()
    scorecard: tuple[Input, ...] = ()
    training: Training = Training()
    merchant_scorecard: tuple[MerchantInput, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What is read, in the order of the columns."""
        return tuple(one.node for one in self.everything)

    @property
    def everything(self) -> tuple[Input | MerchantInput, ...]:
        """All inputs, in the order of the columns."""
        return (*self.model, *self.scorecard, *self.merchant_scorecard)


NO_INPUTS: Final = Inputs()


def read_inputs(
    sources: Sources, vocabulary: Vocabulary | None, rules: Sequence[Rule], codes: Collection[str]
) -> Inputs:
    """The inputs of a bundle, which may have none; what is wrong with them is noted."""
    if INPUTS not in sources.contents:
        return NO_INPUTS
    whole, document = sources.fit(INPUTS, DeclaredInputs), sources.document(INPUTS)
    if document is None or not isinstance(document.value, dict):
        return NO_INPUTS
    reader = _Reader(sources, document, vocabulary, rules, codes)
    model = tuple(map(_of_event, reader.read("model", DeclaredInput)))
    scorecard = tuple(map(_of_payer, reader.read("scorecard", DeclaredFamilyInput)))
    merchants = tuple(map(_of_merchant, reader.read("merchant_scorecard", DeclaredMerchantInput)))
    if whole is None:
        return NO_INPUTS
    total = cost_of_all([one.node for one in (*model, *scorecard, *merchants)])
    if total > BUNDLE_COST_MAX:
        text = f"all inputs together take {total} instructions for each event; at most {BUNDLE_COST_MAX}"
        sources.note("too-costly", text, INPUTS)
    return Inputs(model, scorecard, whole.training, merchants)


def declared_graded(inputs: Sequence[MerchantInput]) -> list[DeclaredGraded]:
    """What the merchants' card needs to know of its inputs."""
    return [DeclaredGraded(one.name, one.direction, one.reason, one.family) for one in inputs]


def default_inputs(features: Sequence[Feature], purpose: Sequence[Origin]) -> str:
    """The file for a bundle that has none: what a payment says of itself, in numbers and in words, and every feature
    that is a number."""
    fields = [f for f in FIELDS.values() if "payment" in f.types and f.origin in purpose]
    lines = [f"  - {{name: {f.name}}}" for f in fields if f.kind in ("money", "integer", "fraction")]
    lines.append("  - {name: local_hour}")
    lines += [
        f"  - {{name: {f.name}_{word}, of: \"{f.name} == '{word}'\"}}"
        for f in fields if f.kind == "word" and len(f.words) <= _WORDS_MAX for word in f.words
    ]  # fmt: skip
    lines += [f"  - {{name: {f.name}}}" for f in features if not (is_label(f) or f.name.startswith("_"))]
    return "\n".join(["model:", *lines, ""])


def default_reason(node: Node, rules: Sequence[Rule], codes: Collection[str]) -> str:
    """The reason of what declares none: that of the heaviest rule that reads what it reads, else the first code."""
    names = names_in(node)
    reading = [rule for rule in rules if names & names_in(rule.when)]
    if reading:
        return max(reading, key=lambda rule: (len(names & names_in(rule.when)), rule.weight)).reason
    return next(iter(codes), "")


_Declared = DeclaredInput | DeclaredFamilyInput | DeclaredMerchantInput
D = TypeVar("D", bound=_Declared)


class _Read(NamedTuple, Generic[D]):
    """An input that holds no mistake."""

    told: D
    node: Node
    reason: str


def _of_event(one: _Read[DeclaredInput]) -> Input:
    return Input(one.told.name, one.node, one.told.direction, one.reason)


def _of_payer(one: _Read[DeclaredFamilyInput]) -> Input:
    return Input(one.told.name, one.node, one.told.direction, one.reason, one.told.family)


def _of_merchant(one: _Read[DeclaredMerchantInput]) -> MerchantInput:
    told = one.told
    return MerchantInput(told.name, one.node, told.direction, one.reason, told.family, told.zh, told.en, told.fit)


def _asked_for(node: Node) -> set[str]:
    """The names of which a node asks whether they are missing."""
    if isinstance(node, Apply):
        return set().union(*map(_asked_for, node.parts))
    return {node.name} if isinstance(node, Missing) else set()


def _written_out(node: Node, above: Mapping[str, Node]) -> Node:
    """A node with what it names of other inputs in their place."""
    match node:
        case Name(name) if name in above:
            return above[name]
        case Apply(op, parts, kind):
            return Apply(op, tuple(_written_out(part, above) for part in parts), kind)
        case _:
            return node


class _Reader:
    """Reads the lists of the file; what is wrong is noted where it stands."""

    def __init__(
        self, sources: Sources, document: Document, vocabulary: Vocabulary | None, rules: Sequence[Rule],
        codes: Collection[str],
    ) -> None:  # fmt: skip
        self._sources, self._document, self._vocabulary = sources, document, vocabulary
        self._rules, self._codes = rules, codes
        self._above: dict[str, Node] = {}
        """What later inputs of the merchants' card may name."""

    def read(self, part: str, kind: type[D]) -> tuple[_Read[D], ...]:
        """The inputs of one list that hold no mistake."""
        told = self._document.value.get(part)
        if not isinstance(told, list):
            return ()
        if len(told) > INPUTS_MAX:
            text = f"{part}: {len(told)} inputs; at most {INPUTS_MAX}"
            self._sources.note("out-of-range", text, INPUTS, self._document.place((part, INPUTS_MAX)))
            return ()
        self._above = {}
        found = [one for i in range(len(told)) if (one := self._one(part, i, kind)) is not None]
        first: dict[str, int] = {}
        for i, item in enumerate(told):
            name = item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str) and first.setdefault(name, i) != i:
                line = self._document.place((part, first[name], "name")).line
                text = f"the name is taken already (line {line})"
                place = self._document.place((part, i, "name"))
                self._sources.note("duplicate", text, INPUTS, place, subject=f"input {shorten(name)}")
        return tuple(found)

    def _one(self, part: str, i: int, kind: type[D]) -> _Read[D] | None:
        item: Any = self._document.value[part][i]
        name = item.get("name") if isinstance(item, dict) else None
        subject = f"input {shorten(name)}" if isinstance(name, str) else f"input number {i + 1} of {part}"
        told, mistakes = fit(self._document, kind, INPUTS, (part, i), subject)
        self._sources.mistakes += mistakes
        if told is None:
            return None
        if told.reason is not None and told.reason not in self._codes:
            text = f"reason: {shorten(told.reason)} has no text in reasons.yaml{did_you_mean(told.reason, self._codes)}"
            self._sources.note("unknown-reason", text, INPUTS, self._document.place((part, i, "reason")),
                               subject=subject)  # fmt: skip
        node = self._node(told.of or told.name, (part, i, "name" if told.of is None else "of"), subject)
        if node is None:
            return None
        reason = told.reason or default_reason(node, self._rules, self._codes)
        if isinstance(told, DeclaredMerchantInput):
            self._above[told.name] = node
        return _Read(told, node, reason)

    def _node(self, text: str, path: tuple[str | int, ...], subject: str) -> Node | None:
        if self._vocabulary is None:
            return None
        problems: tuple[Problem, ...] = ()
        try:
            above = {name: Quantity("number") for name in self._above}
            known = self._vocabulary._replace(features={**self._vocabulary.features, **above})
            located = parse_located(text, known, number=True)
        except ExpressionError as error:
            problems = error.problems
        else:
            costly = too_costly(located)
            lacking = _asked_for(located.node) & self._above.keys()
            if costly is None and not lacking:
                return _written_out(located.node, self._above)
            told = f"{', '.join(sorted(lacking))}: of another input it cannot be asked whether it is missing"
            problems = (costly,) if costly is not None else (Problem(0, told),)
        for p in problems:
            place = self._document.text_place(path, p.column, p.width)
            self._sources.note(p.code, p.message, INPUTS, place, help_=p.help, severity=p.severity, subject=subject)
        return None
