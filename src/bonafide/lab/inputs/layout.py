"""Which columns a mapping finds in a file: the joins carried out on the header, every named column looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from bonafide.core.text import nearest, show_value
from bonafide.lab.inputs.mapping import Mapping
from bonafide.lab.inputs.tree import KeyPath

_NAMES_SHOWN_MAX: Final = 12


class Layout(NamedTuple):
    """The columns of a file as a mapping sees them."""

    names: tuple[str, ...]
    """One name for every piece of a row."""
    wanted: tuple[str, ...]
    """Those that are read."""
    glued: dict[str, tuple[str, ...]]
    """Columns made of several, and of which."""


def lay_out(mapping: Mapping, header: Sequence[str], file: str) -> Layout:
    """Finds the columns of a mapping in a header; ConfigError when one is missing, twice there, or hidden by a join.

    A join's name that stands in the header gives way to its pieces (see `mapping`).
    """
    names = list(header)
    glued: dict[str, tuple[str, ...]] = {}
    for name, pieces in mapping.join.items():
        where = ("join", name)
        if not all(piece in names for piece in pieces):
            place = _place(names, name)
            if place is None:
                told = f"{file} has neither the column {show_value(name)} nor {_listed(pieces)}; {_known(name, names)}"
                raise mapping.tree.fail(where, told)
            names[place : place + 1] = pieces
        if name in names or any(names.count(piece) > 1 for piece in pieces):
            raise mapping.tree.fail(where, f"{file} has a column of one of these names already; take other names")
        glued[name] = pieces
    for column, named in mapping.columns.items():
        if column not in glued:
            find(mapping, named, column, [*names, *glued], file)
    read = {column for column in mapping.columns if column not in glued}
    read.update(*(pieces for name, pieces in glued.items() if name in mapping.columns))
    return Layout(tuple(names), tuple(name for name in names if name in read), glued)


def find(mapping: Mapping, where: KeyPath, column: str, names: Sequence[str], file: str) -> None:
    """Raises ConfigError, pointing at the key that names a column, unless a file has it, once."""
    if column not in names:
        raise mapping.tree.fail(where, f"the column {show_value(column)} is not in {file}; {_known(column, names)}")
    if names.count(column) > 1:
        told = f"{file} has the column {show_value(column)} more than once; give each column its own name"
        raise mapping.tree.fail(where, told)


def _place(names: Sequence[str], name: str) -> int | None:
    """Where a name stands, written exactly so or, if it is the only one, in other case."""
    if name in names:
        return names.index(name)
    alike = [place for place, other in enumerate(names) if other.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _known(name: str, names: Sequence[str]) -> str:
    near = nearest(name, names)
    return f"did you mean {show_value(near)}?" if near is not None else f"it has {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN_MAX
    return ", ".join(map(show_value, names[:_NAMES_SHOWN_MAX])) + (f" and {more} more" if more > 0 else "")
