"""YAML that remembers where everything stands, so that a mistake inside a text gets the line it is really on."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Any, Final, NamedTuple

import yaml

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import LINE_BREAK, Mistake, show_mistakes
from bonafide.core.text import show_value
from bonafide.engine.rules.scalars import align

Path = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value."""

NODES_MAX: Final = 1_000_000
"""Most values that a document may come to when everything an alias repeats is counted again."""


class Place(NamedTuple):
    """Where something stands in a file."""

    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    width: int = 1
    """Characters that it takes on that line."""


class _OneKeyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without surprises: a key given twice is a mistake, not the last one's victory."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A mapping; MarkedYAMLError at the second of two equal keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(
                    problem=f"the key {show_value(key.value)} is given twice", problem_mark=key.start_mark
                )
            if isinstance(key.value, str):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


class Document:
    """A YAML document: its plain value, its text, and the place of every part."""

    def __init__(self, value: Any, text: str, root: Any) -> None:
        self.value = value
        self.text = text
        self._root = root

    def place(self, path: Path) -> Place:
        """Where the value at a path stands; where there is none, the nearest one above it."""
        node = self._find(path)[1]
        return Place(1, 1) if node is None else self._span(node)

    def key_place(self, path: Path) -> Place:
        """Where the key of the value at a path stands; of an element of a list, the element."""
        key, node = self._find(path)
        return self.place(path) if key is None or node is None else self._span(key)

    def text_place(self, path: Path, offset: int, width: int = 1) -> Place:
        """Where character `offset` of the text at a path stands, and how far `width` of its characters reach there.

        Exact however the text is written: plain, in quotes, folded or literal.
        """
        node = self._find(path)[1]
        if node is None or not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        where = align(self.text, self._index(node.start_mark), self._index(node.end_mark), node.style, node.value)
        if not where:
            return self._span(node)
        first = where[offset] if offset < len(where) else where[-1] + 1
        line = bisect_right(self._starts, first)
        last = first
        for index in where[offset + 1 : offset + max(width, 1)]:
            if bisect_right(self._starts, index) != line:
                break
            last = index
        return Place(line, first - self._starts[line - 1] + 1, last - first + 1)

    @cached_property
    def _starts(self) -> list[int]:
        """The index of each line's first character."""
        return [0, *(found.end() for found in LINE_BREAK.finditer(self.text))]

    def _index(self, mark: Any) -> int:
        return int(self._starts[min(mark.line, len(self._starts) - 1)] + mark.column)

    def _span(self, node: Any) -> Place:
        first, last = node.start_mark, node.end_mark
        return Place(
            first.line + 1, first.column + 1, max(last.column - first.column, 1) if first.line == last.line else 1
        )

    def _find(self, path: Path) -> tuple[Any, Any]:
        """The key and the value at a path, or at the longest part of it that there is."""
        key, node = None, self._root
        for part in path:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                key, node = None, node.value[part]
            elif isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
                if found is None:
                    break
                key, node = found
            else:
                break
        return key, node


def read_yaml_with_places(content: bytes, name: str) -> Document:
    """A YAML document with the place of every part; `name` is the file's, for messages.

    Raises ConfigError, with the one Mistake, when it is no YAML, gives a key twice, or repeats itself without end.
    """
    text = ""
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        loader = _OneKeyLoader(text)
        try:
            root = loader.get_single_node()
            if root is not None and _size(root) > NODES_MAX:
                raise yaml.YAMLError
            value = None if root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _refused(name, f"is not YAML: {error.problem}", text, error.problem_mark) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, TypeError):
        told = "is not YAML: it holds characters, values, nesting or repetition that is not allowed"
        raise _refused(name, told, text, None) from None
    return Document(value, text, root)


def read_yaml(content: bytes, name: str) -> Any:
    """A YAML document's value; ConfigError with line and column when it is none."""
    return read_yaml_with_places(content, name).value


def _refused(name: str, message: str, text: str, mark: Any) -> ConfigError:
    line, column = (None, None) if mark is None else (mark.line + 1, mark.column + 1)
    mistake = Mistake("syntax", message, name, line, column)
    return ConfigError(name, show_mistakes([mistake], {name: text}), None, (mistake,))


def _size(root: Any) -> int:
    """How many nodes a document comes to, repeated ones counted again; endless where one holds itself."""
    sizes: dict[int, int] = {}
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if isinstance(node, yaml.ScalarNode):
            continue
        below = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        below = [part for part in below if not isinstance(part, yaml.ScalarNode)]
        if done:
            sizes[id(node)] = 1 + len(node.value) + sum(sizes[id(part)] for part in below)
        elif id(node) not in sizes:
            sizes[id(node)] = NODES_MAX + 1  # what it counts for, should it stand inside itself
            stack.append((node, True))
            stack += [(part, False) for part in below]
    return sizes.get(id(root), 1)


def find_name(text: str, name: str) -> tuple[int, int]:
    """Where a name stands in an expression, outside of quotes, and how long it is.

    >>> find_name("to == 'amount' and amount > 5", "amount")
    (19, 6)
    """
    for found in re.finditer(rf"'[^']*'|\"[^\"]*\"|\b({re.escape(name)})\b", text):
        if found[1]:
            return found.start(), len(name)
    return 0, 1
