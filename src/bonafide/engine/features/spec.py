"""Features as they are declared: a name, which events, by which key, what is taken, over how long.

The law of a read is PRODUCT.md's: for an event e that names key k, as_of = max(e.time, the latest time of any earlier
event that names k), and the answer covers the matching events with that key that stand before e in the log and whose
time lies in (as_of - over, as_of].
"""

from __future__ import annotations

import re
from keyword import kwlist
from math import inf
from typing import Annotated, Any, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from bonafide.core.errors import ConfigError
from bonafide.core.events import DERIVED_CLASS, EVENT_CLASS
from bonafide.core.fields import FIELDS
from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.core.moment import DAY_MS, MINUTE_MS, parse_span
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.rules.language import (
    DERIVED, FUNCTIONS, KEYWORDS, ExpressionError, Node, Quantity, Unit, Vocabulary, names_in, parse, quantity_of_field,
    types_having,
)  # fmt: skip
from bonafide.engine.rules.source import Document, find_name
from bonafide.engine.rules.utilisation import UTILISATION
from bonafide.engine.bundles.shapes import fit

Take = Literal[
    "count", "sum", "mean", "std", "min", "max", "distinct", "share", "entropy", "zscore", "last",
    "seconds_since_last", "seconds_since_first",
]  # fmt: skip

WINDOW_MIN_MS: Final = MINUTE_MS
WINDOW_MAX_MS: Final = 90 * DAY_MS
FEATURES_MAX: Final = 2_000
KEY_PARTS_MAX: Final = 3
_NAME: Final = re.compile("[a-z][a-z0-9_]{0,63}")
_TAKEN: Final = frozenset({*FIELDS, *DERIVED, *FUNCTIONS, *kwlist, *KEYWORDS, "type", "seq", UTILISATION})
"""Names that mean something else in an expression."""
NUMERIC_TAKES: Final = frozenset({"sum", "mean", "std", "min", "max", "zscore"})
VALUE_TAKES: Final = NUMERIC_TAKES | {"distinct", "entropy", "last"}
"""Takes that need an `of`."""


class Feature(NamedTuple):
    """One checked feature."""

    name: str
    types: tuple[str, ...]
    """Event types that it counts: read ones, or derived ones."""
    by: tuple[str, ...]
    take: Take
    of: str | None
    where: Node | None
    over_ms: int | None
    """None: everything kept."""
    completed: bool
    """Counts payments only once their payment_status said completed."""
    carried: tuple[Feature, ...] = ()
    """The features that `of` and `where` name: their answers are carried on with the event that is counted."""

    @property
    def derived(self) -> bool:
        """Whether it counts derived events."""
        return self.types[0] in DERIVED_CLASS


_Word = Annotated[str, Meta(max_length=128, description="a text of at most 128 characters")]
_Words = Annotated[list[_Word], Meta(max_length=len(EVENT_CLASS))]


class _Declared(Struct, frozen=True, forbid_unknown_fields=True):
    name: _Word
    event: Annotated[_Word | _Words, Meta(description="an event type, or a list of them, such as [payment, refund]")]
    by: Annotated[_Word | _Words, Meta(description="a field, or a list of them, such as [user_id, merchant_id]")]
    take: _Word
    of: _Word | None = None
    where: str | None = None
    over: Annotated[str, Meta(max_length=128, description="a span such as 24h or 30d")] | None = None
    completed: bool = False
    note: str | None = None


def parse_features(declared: Any, source: str, *, hidden: bool = False) -> tuple[Feature, ...]:
    """Check a list of declared features: a Document, or its plain value.

    `source` names the file in messages; `hidden` is for the engine's own, whose names begin with `_`.
    Raises ConfigError with every mistake of every feature; of a Document, each with its line and column.
    """
    document = declared if isinstance(declared, Document) else Document(declared, "", None)
    spec = _Spec(document, source, hidden)
    features = spec.read()
    if spec.mistakes:
        texts = {source: document.text} if document is declared else {}
        told = tuple(spec.mistakes if texts else (m._replace(line=None, column=None, width=1) for m in spec.mistakes))
        raise ConfigError(source, show_mistakes(told, texts), None, told)
    return features


class _Spec:
    """Reads one list of features; what is wrong is noted where it stands."""

    def __init__(self, document: Document, source: str, hidden: bool) -> None:
        self.document = document
        self.source = source
        self.hidden = hidden
        self.mistakes: list[Mistake] = []
        self._names: frozenset[str] = frozenset()
        """What the file declares, right or wrong."""
        self._at = 0
        self._subject: str | None = None

    def note(self, code: str, message: str, *path: str | int, advice: str | None = None) -> None:
        place = self.document.place((self._at, *path) if self._subject else ())
        self.mistakes.append(
            Mistake(code, message, self.source, place.line, place.column, place.width, advice, "error", self._subject)
        )

    def read(self) -> tuple[Feature, ...]:
        """The features that hold no mistake, each name once."""
        declared = self.document.value
        if not isinstance(declared, list) or not declared:
            self.note("wrong-type", "expected a list of features, each with name, event, by and take")
            return ()
        if len(declared) > FEATURES_MAX:
            self.note("out-of-range", f"{len(declared)} features; at most {FEATURES_MAX}")
            return ()
        named = [item.get("name") for item in declared if isinstance(item, dict)]
        self._names = frozenset(name for name in named if isinstance(name, str)) - _TAKEN
        features: dict[str, Feature] = {}
        places: dict[str, int] = {}
        for self._at, item in enumerate(declared):
            name = item.get("name") if isinstance(item, dict) else None
            self._subject = f"feature {shorten(name)}" if isinstance(name, str) else f"feature number {self._at + 1}"
            feature = self._feature()
            if feature is not None and feature.name in features:
                self.note("duplicate", "the name is taken already", "name")
            elif feature is not None:
                features[feature.name], places[feature.name] = feature, self._at
        return tuple(self._carrying(f, features, places[f.name]) for f in features.values())

    def _carrying(self, feature: Feature, features: dict[str, Feature], at: int) -> Feature:
        """A feature with the features that it names; what cannot be carried to it is noted."""
        named = sorted(_names_of(feature) & self._names)
        if not named:
            return feature
        self._at, self._subject = at, f"feature {feature.name}"
        where = names_in(feature.where) if feature.where is not None else set()
        if feature.derived:
            told = f"event: a feature that names another ({named[0]}) counts events that are read"
            self.note("wrong-type", told, "event")
        if feature.completed:
            told = f"completed: a feature that names another ({named[0]}) counts events as they come, not as completed"
            self.note("wrong-type", told, "completed")
        for name in named:
            found = features.get(name)  # none where it holds a mistake of its own
            further = sorted(_names_of(found) & self._names) if found else []
            key = "where" if name in where else "of"
            if name == feature.name:
                self._note_name(key, name, f"{name} is this feature itself")
            elif further:
                self._note_name(key, name, f"{name} names {further[0]}, another feature; only one step is carried")
            elif found and name in where and (why := unreadable_reason(found)) is not None:
                self._note_name("where", name, f"{name} {why}")
            elif found and name == feature.of:
                self._check_carried(found, feature.take)
        return feature._replace(carried=tuple(features[name] for name in named if name in features))

    def _note_name(self, key: str, name: str, message: str) -> None:
        """Note what is wrong with a feature that is named under a key, where its name stands."""
        text = f"{key}: {message}"
        declared = self.document.value[self._at].get(key)
        if key == "of" or not isinstance(declared, str):
            self.note("wrong-type", text, key)
            return
        place = self.document.text_place((self._at, key), *find_name(declared, name))
        self.mistakes.append(Mistake("wrong-type", text, self.source, *place, None, "error", self._subject))

    def _check_carried(self, found: Feature, take: Take) -> None:
        if take in NUMERIC_TAKES and is_label(found):
            self.note("wrong-type", f"of: {take} takes a number, and {found.name} is the last of a text or word", "of")
        elif take in {"std", "zscore"} and quantity_of(found).unit == "moment":
            told = f"of: {take} of {found.name}, which is a moment, has no use and no exact bound"
            self.note("wrong-type", told, "of")

    def _feature(self) -> Feature | None:
        before = len(self.mistakes)
        told, wrong = fit(self.document, _Declared, self.source, (self._at,), self._subject)
        self.mistakes += wrong
        if told is None:
            return None
        self._check_name(told.name)
        types = self._types(told)
        by = self._key(told, types)
        take = self._take(told, types)
        where = self._where(told)
        over = self._over(told)
        if len(self.mistakes) > before or take is None:
            return None
        return Feature(told.name, types, by, take, told.of, where, over, told.completed)

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name.removeprefix("_") if self.hidden else name):
            told = "a name has small letters, digits and _ only, at most 64, and begins with a letter"
            self.note("out-of-range", told, "name")
        elif name in _TAKEN:
            self.note("duplicate", "the name means something else in an expression; choose another", "name")

    def _types(self, told: _Declared) -> tuple[str, ...]:
        names = [told.event] if isinstance(told.event, str) else told.event
        known = EVENT_CLASS | DERIVED_CLASS
        for i, name in enumerate(names):
            if name not in known:
                text = f"event: unknown type {shorten(name)}{did_you_mean(name, list(known))}"
                self.note("unknown-value", text, *_element("event", told.event, i))
        read, derived = (next((n for n in names if n in kinds), None) for kinds in (EVENT_CLASS, DERIVED_CLASS))
        if read and derived:
            text = f"event: {derived} is established by the engine and {read} is read; count them in two features"
            self.note("wrong-type", text, "event")
        if not names:
            self.note("out-of-range", "event: name at least one event type", "event")
        if told.completed and names != ["payment"]:
            self.note("wrong-type", "completed: only payments are completed; event must be payment", "completed")
        return tuple(dict.fromkeys(n for n in names if n in known))

    def _key(self, told: _Declared, types: tuple[str, ...]) -> tuple[str, ...]:
        names = [told.by] if isinstance(told.by, str) else told.by
        if not 1 <= len(names) <= KEY_PARTS_MAX or len(set(names)) != len(names):
            self.note("out-of-range", f"by: name 1 to {KEY_PARTS_MAX} different fields", "by")
        for i, name in enumerate(names):
            field, path = FIELDS.get(name), _element("by", told.by, i)
            if field is None:
                self.note("unknown-name", f"by: unknown field {shorten(name)}{did_you_mean(name, list(FIELDS))}", *path)
            elif field.kind not in {"text", "word"} or name == "event_id":
                text = f"by: {name} is no key; a key is a text or word field other than event_id"
                self.note("wrong-type", text, *path)
            elif types and not set(types) & set(field.every_type):
                self.note("unknown-name", f"by: {', '.join(types)} has no {name}", *path)
        return tuple(names)

    def _take(self, told: _Declared, types: tuple[str, ...]) -> Take | None:
        takes: tuple[str, ...] = Take.__args__  # type: ignore[attr-defined]
        if told.take not in takes:
            near = did_you_mean(told.take, takes)
            self.note("unknown-value", f"take: unknown {shorten(told.take)}; one of {', '.join(takes)}{near}", "take")
            return None
        take: Take = told.take  # type: ignore[assignment]
        if take in VALUE_TAKES and told.of is None:
            self.note("missing-key", f"of: {take} needs the field whose values are taken", "take")
        if take == "count" and told.of is not None:
            self.note("unknown-key", "of: count has no of", "of")
        if take == "share" and told.where is None:
            self.note("missing-key", "where: share needs a condition; it is the matching part of all", "take")
        if told.of is not None:
            self._check_of(told.of, take, types)
        return take

    def _check_of(self, of: str, take: Take, types: tuple[str, ...]) -> None:
        field = FIELDS.get(of)
        if field is None:
            having = types_having(of)
            if of in self._names:
                return
            if of not in DERIVED:
                near = did_you_mean(of, [*FIELDS, *DERIVED, *sorted(self._names)])
                text = f"of: unknown field {shorten(of)}{near}"
                self.note("unknown-name", text, "of")
            elif types and having is not None and not having & set(types):
                self.note("unknown-name", f"of: {', '.join(types)} has no {of}", "of")
        elif of == "event_id" and types and types[0] in DERIVED_CLASS:
            self.note("unknown-name", "of: what the engine establishes has no event_id", "of")
        elif types and not set(types) & set(field.every_type):
            self.note("unknown-name", f"of: {', '.join(types)} has no {of}", "of")
        elif take in NUMERIC_TAKES and not field.is_number:
            self.note("wrong-type", f"of: {take} takes a number, and {of} is a {field.kind}", "of")
        elif take in {"std", "zscore"} and field.kind == "moment":
            self.note("wrong-type", f"of: {take} of the moment {of} has no use and no exact bound", "of")

    def _where(self, told: _Declared) -> Node | None:
        if told.where is None:
            return None
        try:
            return parse(
                told.where, Vocabulary({name: Quantity("number") for name in sorted(self._names)}, in_feature=True)
            )
        except ExpressionError as error:
            for p in error.problems:
                place = self.document.text_place((self._at, "where"), p.column, p.width)
                text = f"where: {p.message}"
                self.mistakes.append(Mistake(p.code, text, self.source, *place, p.help, p.severity, self._subject))
            return None

    def _over(self, told: _Declared) -> int | None:
        if told.over is None:
            return None
        try:
            over = parse_span(told.over)
        except ValueError as error:
            self.note("out-of-range", f"over: {error}", "over")
            return None
        if not WINDOW_MIN_MS <= over <= WINDOW_MAX_MS:
            self.note("out-of-range", f"over: {told.over} lies outside 1m..90d", "over")
        return over


def _element(key: str, told: str | list[str], i: int) -> tuple[str | int, ...]:
    """The path of the i-th of what may be written as one name or as a list."""
    return (key,) if isinstance(told, str) else (key, i)


def quantity_of(feature: Feature) -> Quantity:
    """What a feature's answer counts, and between which bounds it lies where it is not missing."""
    over_s = inf if feature.over_ms is None else feature.over_ms / 1_000
    of = None if feature.of is None else _quantity_of_values(feature)
    match feature.take:
        case "count" | "distinct":
            return Quantity("count", 0)
        case "share":
            return Quantity("fraction", 0, 1)
        case "entropy":
            return Quantity("bits", 0)
        case "zscore":
            return Quantity("score")
        case "seconds_since_last" | "seconds_since_first":
            return Quantity("seconds", 0, over_s)
    if of is None:
        return Quantity("number")
    match feature.take:
        case "sum":
            unit: Unit = of.unit if of.unit in ("money", "count") else "number"
            return Quantity(unit, 0 if of.low >= 0 else -inf)
        case "std":
            return Quantity(of.unit, 0)
    return of


def unreadable_reason(feature: Feature) -> str | None:
    """Why a rule may not read a feature, after its name; None where it may.

    The number of a text is a keyed hash: a rule that read it would depend on the secret; that of a word is its place
    in the schema.
    """
    return f"is the last of a {_kind_of(feature)}, which a rule cannot read as a number" if is_label(feature) else None


def is_label(feature: Feature) -> bool:
    """Whether a feature's answer is no number but a text or word, to be told apart from others."""
    return _kind_of(feature) in {"text", "list", "word"}


def _kind_of(feature: Feature) -> str:
    """The kind of a field that is a feature's answer."""
    if feature.take != "last":
        return "integer"
    carried = next((f for f in feature.carried if f.name == feature.of), None)
    if carried is not None:
        return _kind_of(carried)
    return FIELDS[feature.of].kind if feature.of in FIELDS else "integer"


def carried_vocabulary(feature: Feature) -> Vocabulary:
    """What a feature's `where` may name."""
    return Vocabulary({f.name: quantity_of(f) for f in feature.carried}, in_feature=True)


def _names_of(feature: Feature) -> set[str]:
    """The fields and features that a feature's `of` and `where` name."""
    return {*((feature.of,) if feature.of else ()), *(names_in(feature.where) if feature.where is not None else ())}


def _quantity_of_values(feature: Feature) -> Quantity:
    """Of the values that a feature takes; money may be anything that a rate makes of it."""
    of = feature.of or ""
    for carried in feature.carried:
        if carried.name == of:
            return quantity_of(carried)
    if of in FIELDS and not FIELDS[of].is_number:
        return Quantity("number")
    return quantity_of_field(of, (0.0, inf))
