"""YAML read as plain text: every value a string, every key with its line, so that messages can point at the place.

YAML guesses types (`NO` is a boolean, `1e3` a number, `2018-04-01` a date); a mapping is about columns of text, so
nothing is guessed here and the struct that a value is meant for says what it becomes. What a person did not mean is
refused: a key given twice, aliases, anything nested too deeply.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import yaml

from bonafide.core.errors import ConfigError, UsageError
from bonafide.core.text import show_value

YAML_BYTES_MAX: Final = 1 << 20
"""Largest file read."""
DEPTH_MAX: Final = 12
"""Deepest nesting of lists and keys."""

Node: TypeAlias = "str | list[Node] | dict[str, Node] | None"
KeyPath: TypeAlias = tuple[str | int, ...]

_NULL_TAG: Final = "tag:yaml.org,2002:null"


class Tree(NamedTuple):
    """A file's values, and where they stand."""

    path: str
    root: Node
    lines: dict[KeyPath, int]
    """Line (from 1) of every key and list item."""

    def fail(self, where: KeyPath, message: str) -> ConfigError:
        """The error that points at a key: its line and its path."""
        known = next((self.lines[where[:n]] for n in range(len(where), -1, -1) if where[:n] in self.lines), 1)
        name = ".".join(str(part) for part in where)
        return ConfigError(self.path, message, f"line {known}" + (f", {name}" if name else ""))


def read_tree(path: Path) -> Tree:
    """Reads a YAML file; ConfigError when it is not YAML in UTF-8, UsageError when it cannot be read at all."""
    try:
        with path.open("rb") as file:
            content = file.read(YAML_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > YAML_BYTES_MAX:
        raise ConfigError(str(path), f"is longer than {YAML_BYTES_MAX:,} bytes, the most that is read")
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}" if error.problem_mark else None
        raise ConfigError(str(path), f"is not YAML: {error.problem}", where) from None
    except yaml.YAMLError as error:
        raise ConfigError(str(path), f"is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ConfigError(str(path), f"is nested more than {DEPTH_MAX} deep") from None
    tree = Tree(str(path), None, {})
    return tree._replace(root=None if root is None else _plain(tree, root, (), set()))


def _plain(tree: Tree, node: yaml.Node, where: KeyPath, seen: set[int]) -> Node:
    if id(node) in seen:
        raise tree.fail(where, "an alias (*name) is not followed; write the value out")
    seen.add(id(node))
    tree.lines.setdefault(where, node.start_mark.line + 1)
    if len(where) > DEPTH_MAX:
        raise tree.fail(where, f"is nested more than {DEPTH_MAX} deep")
    match node:
        case yaml.ScalarNode():
            return None if node.tag == _NULL_TAG else str(node.value)
        case yaml.SequenceNode():
            return [_plain(tree, item, (*where, place), seen) for place, item in enumerate(node.value)]
        case yaml.MappingNode():
            return _plain_mapping(tree, node, where, seen)
        case _:
            raise AssertionError(f"YAML has no {type(node).__name__}")


def _plain_mapping(tree: Tree, node: yaml.MappingNode, where: KeyPath, seen: set[int]) -> dict[str, Node]:
    values: dict[str, Node] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(tree.path, "a key is one word of text", f"line {line}")
        if key.value in values:
            raise ConfigError(tree.path, f"{show_value(key.value)} is given twice; keep one", f"line {line}")
        place = (*where, str(key.value))
        tree.lines.setdefault(place, line)
        values[str(key.value)] = _plain(tree, value, place, seen)
    return values
