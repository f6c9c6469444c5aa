"""Reading a mapping file into its structs, key by key, so that every message knows the place it speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from bonafide.core.text import nearest, show_value
from bonafide.lab.inputs.mapping import (
    DECIMALS_MAX,
    Delimiter,
    EventColumn,
    Lookup,
    Mapping,
    Part,
    Pieces,
    Source,
    Truth,
)
from bonafide.lab.inputs.mapping_check import check_mapping
from bonafide.lab.inputs.tree import KeyPath, Node, Tree, read_tree

_S = TypeVar("_S", bound=Struct)

_EXPECTED: Final = {
    "event": "an event type, or {column: NAME, values: {WORD: TYPE}}",
    "delimiter": 'one character, such as ";"',
    "order": "row or time",
    "join": "lists of at least two column names, such as {timestamp: [date, time]}",
    "fields": "fields of the event, such as amount: {column: AMOUNT, decimals: 2}",
    "lookup": "a list of {file, on, take}",
    "truth": "{column, cash_out, genuine, delay}",
    "column": "the name of a column",
    "values": "words of the column and the event type that each means",
    "value": "a constant",
    "row": "true",
    "prefix": "text to put before the value",
    "format": 'a pattern such as "%Y-%m-%d %H:%M:%S"',
    "zone": "a zone such as UTC, +08:00 or Asia/Shanghai",
    "unit": "one of us, ms, s, m, h, d",
    "origin": "a time with a zone, such as 2018-04-01T00:00:00Z",
    "decimals": f"a whole number from 0 to {DECIMALS_MAX}",
    "file": "the name of a file",
    "on": "event fields and the column that each equals, such as {user_id: Card}",
    "take": "event fields and the column that each comes from, such as {credit_limit: Quant}",
    "cash_out": 'a list of values, such as ["1"]',
    "genuine": 'a list of values, such as ["0"]',
    "delay": "a span such as 30m, 24h or 7d",
}


def load_mapping(path: Path) -> Mapping:
    """Reads and checks a mapping file.

    Raises ConfigError when something in it is wrong, UsageError when the file cannot be read.
    """
    tree = read_tree(path)
    top = _keys(tree, tree.root, Mapping, ())
    given: dict[str, Any] = {
        "event": _event(tree, top["event"]),
        "fields": {name: _struct(tree, node, Source, ("fields", name)) for name, node in _entries(tree, top, "fields")},
    }
    if "delimiter" in top:
        given["delimiter"] = _leaf(tree, top["delimiter"], Delimiter, ("delimiter",))
    if "order" in top:
        given["order"] = _leaf(tree, top["order"], Literal["row", "time"], ("order",))
    if "join" in top:
        given["join"] = _leaf(tree, top["join"], dict[str, Pieces], ("join",))
    if "lookup" in top:
        items = _leaf(tree, top["lookup"], list[Any], ("lookup",))
        given["lookup"] = tuple(_lookup(tree, node, ("lookup", place)) for place, node in enumerate(items))
    if "truth" in top:
        given["truth"] = _struct(tree, top["truth"], Truth, ("truth",))
    mapping = Mapping(tree=tree, **given)
    check_mapping(mapping)
    return mapping


def _keys(tree: Tree, node: Node, cls: type[Struct], where: KeyPath) -> dict[str, Node]:
    """The keys of a node that is to become a struct: all known, none missing, those without a value left out."""
    names = [field.name for field in msgspec.structs.fields(cls) if field.name in _EXPECTED]
    if not isinstance(node, dict):
        raise tree.fail(where, f"found {show_value(node)}; write the keys {', '.join(names)}")
    for key in node:
        if key not in names:
            near = nearest(key, names)
            hint = f"did you mean {near}?" if near else f"the keys here are {', '.join(names)}"
            raise tree.fail((*where, key), f"{show_value(key)} is not a key; {hint}")
    given: dict[str, Node] = {key: value for key, value in node.items() if value is not None}
    for field in msgspec.structs.fields(cls):
        if field.required and field.name in names and field.name not in given:
            raise tree.fail(where, f"the key {field.name} is missing; write {_EXPECTED[field.name]}")
    return given


def _struct(tree: Tree, node: Node, cls: type[_S], where: KeyPath) -> _S:
    """A struct whose keys hold plain values; one key at a time, so that an error knows its key."""
    given = _keys(tree, node, cls, where)
    annotations = {field.name: field.type for field in msgspec.structs.fields(cls)}
    return cls(**{key: _leaf(tree, value, annotations[key], (*where, key)) for key, value in given.items()})


def _leaf(tree: Tree, node: Node, annotation: Any, where: KeyPath) -> Any:
    try:
        return msgspec.convert(node, annotation, strict=False)
    except msgspec.ValidationError:
        key = next(part for part in reversed(where) if part in _EXPECTED)
        raise tree.fail(where, f"found {show_value(node)}; write {_EXPECTED[str(key)]}") from None


def _entries(tree: Tree, top: dict[str, Node], key: str, where: KeyPath = ()) -> Iterable[tuple[str, Node]]:
    node = top[key]
    if not isinstance(node, dict) or not node:
        raise tree.fail((*where, key), f"found {show_value(node)}; write {_EXPECTED[key]}")
    return node.items()


def _event(tree: Tree, node: Node) -> str | EventColumn:
    if isinstance(node, dict):
        return _struct(tree, node, EventColumn, ("event",))
    return str(_leaf(tree, node, Part, ("event",)))


def _lookup(tree: Tree, node: Node, where: KeyPath) -> Lookup:
    given: dict[str, Any] = dict(_keys(tree, node, Lookup, where))
    for key, annotation in (("file", Part), ("on", dict[str, Part]), ("delimiter", Delimiter)):
        if key in given:
            given[key] = _leaf(tree, given[key], annotation, (*where, key))
    given["take"] = {
        name: _took(tree, took, (*where, "take", name)) for name, took in _entries(tree, given, "take", where)
    }
    return Lookup(**given)


def _took(tree: Tree, node: Node, where: KeyPath) -> Source:
    """A taken field: the name of its column, or a whole source."""
    if isinstance(node, dict):
        return _struct(tree, node, Source, where)
    return Source(column=_leaf(tree, node, Part, where))
