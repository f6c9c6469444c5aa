"""The repository as the house rules see it: its files, and the syntax trees of its sources."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
TEXT_BYTES_MAX = 1_000_000
"""Larger files are data, not text that somebody wrote."""


class Module(NamedTuple):
    """One source file of the package."""

    name: str
    """Dotted, as it is imported; a package's __init__ bears the package's name."""
    path: Path
    tree: ast.Module

    @property
    def wing(self) -> str:
        """The folder under the package, such as engine; empty for the package's own files."""
        return wing_of(self.name)


def wing_of(module_name: str) -> str:
    """The wing of a module of ours; empty for the package itself and for what stands beside the wings."""
    parts = module_name.split(".")
    return parts[1] if len(parts) > 1 else ""


@cache
def modules() -> tuple[Module, ...]:
    """Every module under src, by name."""
    found = []
    for path in sorted(SRC.rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path))))
    return tuple(found)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a tree, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


@cache
def file_names() -> tuple[str, ...]:
    """Paths from the root of every file that git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return tuple(name for name in sorted(set(listing.stdout.split("\0"))) if name and (ROOT / name).is_file())


@cache
def text_files() -> tuple[tuple[str, str], ...]:
    """(path from the root, text) of every such file that somebody wrote."""
    contents = ((name, ROOT / name) for name in file_names())
    written = ((name, path.read_bytes()) for name, path in contents if path.stat().st_size <= TEXT_BYTES_MAX)
    return tuple((name, data.decode("utf-8", errors="replace")) for name, data in written if b"\0" not in data)


def listed(faults: list[str]) -> str:
    """Every fault on a line of its own, for the message of an assertion."""
    return "\n".join(["", *faults])


def place(module: Module, node: ast.AST) -> str:
    """Where a node stands, as editors open it."""
    return f"{module.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
