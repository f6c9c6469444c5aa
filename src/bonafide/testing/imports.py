"""What a module imports, read off its source and not by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

PACKAGE = "bonafide"


def imported(tree: ast.AST, package: Sequence[str]) -> Iterator[tuple[str, ast.AST]]:
    """Dotted names that a module imports, wherever the import stands, each with its place in the tree.

    `package` is the dotted name of the package that the module stands in (its own, for an `__init__`), split at its
    dots; relative imports are resolved by it.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            # `from bonafide import engine` names a wing; `from bonafide.engine import x` does already.
            yield from ((f"{source}.{a.name}" if source == PACKAGE else source, node) for a in node.names)


def is_inside(name: str, package: str) -> bool:
    """Whether a dotted name is a package or stands in it."""
    return name == package or name.startswith(f"{package}.")
