"""Whether a YAML document has the shape that a struct declares: all that differs, in plain words, with its place.

msgspec stops at the first fault and names it in its own words. Here each part is converted alone, so that every fault
is found; what a part accepts is read off the annotation, or said by its `Meta(description=...)`, which completes the
sentence "expected ...".
"""

from __future__ import annotations

from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from bonafide.core.mistakes import Mistake
from bonafide.core.text import did_you_mean, nearest, shorten, show_value
from bonafide.engine.rules.source import Document, Place

T = TypeVar("T")
Path = tuple[str | int, ...]

WORDS_SHOWN_MAX: Final = 12
"""Of more words only some are named."""
_PLAIN: Final[dict[type, str]] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false",
}  # fmt: skip


class Slot(NamedTuple):
    """A key of a struct: what it holds, and whether it must be there."""

    key: str
    annotation: Any
    required: bool


def fit(
    document: Document, kind: type[T], name: str, path: Path = (), subject: str | None = None
) -> tuple[T | None, list[Mistake]]:
    """The value at a path of a document as a `kind` (a struct, or a list or dict of structs), and all that is wrong.

    `name` is the file's and `subject` says what stands at the path, both for the mistakes. The value is None where
    something is wrong.
    """
    value = document.value
    for part in path:
        value = value[part]
    walk = _Walk(document, name, subject, len(path))
    walk.check(kind, value, path)
    if walk.mistakes:
        return None, walk.mistakes
    return msgspec.convert(value, kind), []


def keys_of(kind: type[Struct]) -> tuple[str, ...]:
    """The keys of a struct as they are written in YAML."""
    return tuple(slot.key for slot in _slots(kind))


class _Walk:
    """Goes down a value and its annotation together; what differs is noted."""

    def __init__(self, document: Document, name: str, subject: str | None, depth: int) -> None:
        self.document = document
        self.name = name
        self.subject = subject
        self.depth = depth
        self.mistakes: list[Mistake] = []

    def check(self, annotation: Any, value: Any, path: Path) -> None:
        """Note where a value is not what an annotation accepts."""
        annotation, told = _bare(annotation)
        origin = get_origin(annotation) or annotation
        if value is None and origin in {Union, UnionType} and NoneType in get_args(annotation):
            return
        if origin in {Union, UnionType}:
            given = [part for part in get_args(annotation) if part is not NoneType]
            fitting = [part for part in given if get_origin(_bare(part)[0]) is type(value)]
            self.check((fitting or given)[0], value, path)
        elif isinstance(origin, type) and issubclass(origin, Struct):
            self._check_struct(origin, value, path, told)
        elif origin in {list, tuple}:
            self._check_list(annotation, value, path, told)
        elif origin is dict:
            self._check_dict(annotation, value, path, told)
        else:
            self._check_leaf(annotation, value, path, told)

    def _check_struct(self, kind: type[Struct], value: Any, path: Path, told: Meta | None) -> None:
        slots = _slots(kind)
        known = [slot.key for slot in slots]
        if not isinstance(value, dict):
            self._expected((told and told.description) or f"keys with values: {', '.join(known)}", value, path)
            return
        unknown = [key for key in value if key not in known]
        lacking = [slot.key for slot in slots if slot.required and slot.key not in value]
        free = [key for key in known if key not in value]
        only = lacking[0] if len(unknown) == len(lacking) == 1 else None
        meant = {self._unknown_key(key, free, known, path, only) for key in unknown}
        for slot in slots:
            if slot.key in value:
                self.check(slot.annotation, value[slot.key], (*path, slot.key))
            elif slot.required and slot.key not in meant:
                expected = _accepted(slot.annotation)
                text = f"{self._at((*path, slot.key))}missing; expected {expected}"
                self.note("missing-key", text.replace(": missing", " is missing", 1), self.document.place(path))

    def _unknown_key(self, key: Any, free: list[str], known: list[str], path: Path, only: str | None) -> str | None:
        """Note a key that is none; returns the one that was probably meant. `only` is all that is missing."""
        shown = shorten(key) if isinstance(key, str) else show_value(key)
        near = nearest(shown, free) or only or nearest(shown, known)
        told = f"; did you mean {near}?" if near else f"; the keys here are {', '.join(known)}"
        place = self.document.key_place((*path, key)) if isinstance(key, str) else self.document.place(path)
        self.note("unknown-key", f"{self._at(path)}unknown key {shown}{told}", place)
        return near

    def _check_list(self, annotation: Any, value: Any, path: Path, told: Meta | None) -> None:
        if not isinstance(value, list):
            self._expected(_accepted(_again(annotation, told)), value, path)
            return
        longest = told.max_length if told else None
        if longest is not None and len(value) > longest:
            self.note("out-of-range", f"{self._at(path)}{len(value)} entries; at most {longest}", self._place(path))
            return
        if told and told.min_length and len(value) < told.min_length:
            text = f"{self._at(path)}the list is too short; expected {_accepted(_again(annotation, told))}"
            self.note("out-of-range", text, self._place(path))
        for i, item in enumerate(value):
            self.check(get_args(annotation)[0], item, (*path, i))

    def _check_dict(self, annotation: Any, value: Any, path: Path, told: Meta | None) -> None:
        if not isinstance(value, dict):
            self._expected(_accepted(_again(annotation, told)), value, path)
            return
        key_kind, value_kind = get_args(annotation)
        for key, item in value.items():
            words = _words(key_kind)
            if _converts(key, key_kind):
                self.check(value_kind, item, (*path, key))
            elif isinstance(key, str):
                near = did_you_mean(key, words) or f"; expected {_accepted(key_kind)}"
                place = self.document.key_place((*path, key))
                self.note("unknown-key", f"{self._at(path)}unknown key {shorten(key)}{near}", place)
            else:
                text = f"{self._at(path)}the key {show_value(key)} is no text; put it in quotes"
                self.note("wrong-type", text, self.document.place(path))

    def _check_leaf(self, annotation: Any, value: Any, path: Path, told: Meta | None) -> None:
        whole = _again(annotation, told)
        if _converts(value, whole):
            return
        words = _words(annotation)
        if words and isinstance(value, str):
            near = did_you_mean(value, words) or f"; expected {_accepted(whole)}"
            self.note("unknown-word", f"{self._at(path)}unknown {show_value(value)}{near}", self._place(path))
            return
        self._expected(_accepted(whole), value, path, quotes=annotation is str and _converts(str(value), whole))

    def _expected(self, expected: str, value: Any, path: Path, quotes: bool = False) -> None:
        found = "nothing" if value is None else show_value(value)
        text = f"{self._at(path)}expected {expected}, found {found}"
        needs_quotes = quotes and isinstance(value, bool | int | float | date)
        help_ = "YAML reads this as something else than a text; put it in quotes" if needs_quotes else None
        self.note("wrong-type", text, self._place(path), help_)

    def note(self, code: str, message: str, place: Place, help_: str | None = None) -> None:
        """One mistake at a place."""
        self.mistakes.append(
            Mistake(code, message, self.name, place.line, place.column, place.width, help_, subject=self.subject)
        )

    def _place(self, path: Path) -> Place:
        return self.document.place(path)

    def _at(self, path: Path) -> str:
        """The path below the subject, as a message begins with it: "measures.warn.lasts: "."""
        told = ""
        for part in path[self.depth :]:
            told += f"[{part}]" if isinstance(part, int) else f".{shorten(part)}"
        return f"{told.lstrip('.')}: " if told else ""


@cache
def _slots(kind: type[Struct]) -> tuple[Slot, ...]:
    hints = get_type_hints(kind, include_extras=True)
    fields = msgspec.structs.fields(kind)
    return tuple(Slot(field.encode_name, hints[field.name], field.required) for field in fields)


def _bare(annotation: Any) -> tuple[Any, Meta | None]:
    """An annotation out of `Annotated`, and what its Meta says."""
    if get_origin(annotation) is Annotated:
        base, *told = get_args(annotation)
        return base, next((t for t in told if isinstance(t, Meta)), None)
    return annotation, None


def _again(annotation: Any, told: Meta | None) -> Any:
    return annotation if told is None else Annotated[annotation, told]


def _converts(value: Any, annotation: Any) -> bool:
    try:
        msgspec.convert(value, annotation)
    except (msgspec.ValidationError, UnicodeError, OverflowError):
        return False
    return True


def _words(annotation: Any) -> tuple[str, ...]:
    """The words of a Literal; none of anything else."""
    annotation, _ = _bare(annotation)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _accepted(annotation: Any) -> str:
    """What an annotation accepts, as it completes "expected ..."."""
    annotation, told = _bare(annotation)
    if told is not None and told.description:
        return told.description
    origin = get_origin(annotation) or annotation
    if origin is Literal:
        words = get_args(annotation)
        return f"one of {', '.join(words)}" if len(words) <= WORDS_SHOWN_MAX else f"a word such as {words[0]}"
    if origin in {Union, UnionType}:
        return " or ".join(_accepted(part) for part in get_args(annotation) if part is not NoneType)
    if origin in {list, tuple}:
        return f"a list, each entry {_accepted(get_args(annotation)[0])}"
    if origin is dict:
        return f"keys with values, each {_accepted(get_args(annotation)[1])}"
    if isinstance(origin, type) and issubclass(origin, Struct):
        return f"{{{', '.join(keys_of(origin))}}}"
    return _PLAIN.get(annotation, "another value")
