"""In core and engine nothing depends on the day, on chance, on the environment or on the order of a set."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, Module, listed, modules, place

PURE_WINGS = {"core", "engine"}
BANNED_MODULES = {"time", "random", "secrets", "uuid", "numpy.random"}
BANNED_NAMES = {
    "datetime.now": "time comes in as an argument",
    "datetime.utcnow": "time comes in as an argument",
    "datetime.today": "time comes in as an argument",
    "date.today": "time comes in as an argument",
    "os.urandom": "secrets and seeds come in as arguments",
    "os.environ": "settings come in as arguments",
    "os.getenv": "settings come in as arguments",
    "np.random": "seeds and draws come in as arguments",
    "numpy.random": "seeds and draws come in as arguments",
}
EXCUSED = {
    ("bonafide.engine.kernels", "os.environ"): "where compiled kernels lie; what they answer does not depend on it",
}
"""(module, banned name) -> why it may stand there; an excuse that nothing needs any more fails."""
SET_MAKERS = {"set", "frozenset"}
SET_ALGEBRA = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
ORDERLESS = {"sorted", "set", "frozenset", "len", "sum", "min", "max", "any", "all"}
"""Callables whose answer does not depend on the order of what they are given."""
ORDERED = {
    "list",
    "tuple",
    "enumerate",
    "iter",
    "zip",
    "map",
    "filter",
    "reversed",
    "join",
    "fromkeys",
    "extend",
    "array",
}
"""Callables that pass the order of their arguments on."""


def dotted(node: ast.AST) -> str:
    """The name a Name or an Attribute chain spells; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def banned_uses(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Imports and names that bring in a clock, chance or the environment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in BANNED_MODULES:
                    yield node, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                named = f"{node.module}.{alias.name}"
                if node.module in BANNED_MODULES or named in BANNED_MODULES or named in BANNED_NAMES:
                    yield node, f"from {node.module} import {alias.name}"
        elif isinstance(node, ast.Attribute):
            tail = ".".join(dotted(node).split(".")[-2:])
            if tail in BANNED_NAMES:
                yield node, f"{tail}: {BANNED_NAMES[tail]}"
        elif isinstance(node, ast.Call) and dotted(node.func) == "hash":
            yield node, "hash(): strings hash differently in every process"


def is_set_annotation(node: ast.AST | None) -> bool:
    """Whether an annotation says set or frozenset, also inside Final or an optional."""
    if isinstance(node, ast.Subscript):
        return is_set_annotation(node.value) or (dotted(node.value) == "Final" and is_set_annotation(node.slice))
    if isinstance(node, ast.BinOp):
        return is_set_annotation(node.left) or is_set_annotation(node.right)
    return node is not None and dotted(node) in SET_MAKERS | {"Set", "AbstractSet"}


def is_set(node: ast.AST, known: set[str]) -> bool:
    """Whether an expression is a set, as far as syntax and the names known to hold sets can tell."""
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    if isinstance(node, ast.Call):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        made = dotted(node.func) in SET_MAKERS
        return made or (method in SET_METHODS and is_set(node.func.value, known))  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and isinstance(node.op, SET_ALGEBRA):
        return is_set(node.left, known) or is_set(node.right, known)
    if isinstance(node, ast.IfExp):
        return is_set(node.body, known) or is_set(node.orelse, known)
    return dotted(node) in known or (isinstance(node, ast.Attribute) and f".{node.attr}" in known)


def names_of_sets(scope: ast.AST, known: set[str]) -> set[str]:
    """Names that hold sets in a scope; `.name` stands for an attribute that a class declares to be one."""
    found = set(known)
    for node in ast.walk(scope):
        if isinstance(node, ast.ClassDef):
            found |= {
                f".{item.target.id}"
                for item in node.body
                if isinstance(item, ast.AnnAssign)
                and isinstance(item.target, ast.Name)
                and is_set_annotation(item.annotation)
            }
        elif isinstance(node, ast.arg) and is_set_annotation(node.annotation):
            found.add(node.arg)
        elif isinstance(node, ast.AnnAssign):
            if is_set_annotation(node.annotation) or (node.value is not None and is_set(node.value, found)):
                found.add(dotted(node.target))
        elif isinstance(node, ast.Assign) and is_set(node.value, found):
            found |= {dotted(target) for target in node.targets}
    return found - {""}


def orderly_uses(scope: ast.AST, known: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """Places of a scope that take the elements of a set in whatever order it has."""
    excused = {
        id(argument)
        for node in ast.walk(scope)
        if isinstance(node, ast.Call) and dotted(node.func) in ORDERLESS
        for argument in node.args
    }
    for node in ast.walk(scope):
        if isinstance(node, ast.For) and is_set(node.iter, known):
            yield node, "a loop over a set"
        elif isinstance(node, (ast.ListComp, ast.DictComp, ast.GeneratorExp)) and id(node) not in excused:
            if any(is_set(part.iter, known) for part in node.generators):
                yield node, "a comprehension over a set"
        elif isinstance(node, ast.Starred) and is_set(node.value, known):
            yield node, "a set unpacked"
        elif isinstance(node, ast.Call):
            called = dotted(node.func).split(".")[-1] or getattr(node.func, "attr", "")
            if called in ORDERED and any(is_set(argument, known) for argument in node.args):
                yield node, f"{called}() of a set"
            elif called == "pop" and isinstance(node.func, ast.Attribute) and is_set(node.func.value, known):
                yield node, "pop() of a set"


def set_orders(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Uses of a set's order in a module: each function with its own names, the rest with the module's."""
    scopes = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    outside = ast.Module(body=[node for node in tree.body if node not in scopes], type_ignores=[])
    known = names_of_sets(outside, set())
    seen: set[int] = set()
    for scope in (*scopes, outside):
        for node, what in orderly_uses(scope, names_of_sets(scope, known) if scope in scopes else known):
            if id(node) not in seen:
                seen.add(id(node))
                yield node, what


def faults(module: Module) -> list[str]:
    """Everything banned and not excused that a module does, one line each."""
    found = [*banned_uses(module.tree), *set_orders(module.tree)]
    return [
        f"{place(module, node)}: {what}" for node, what in found if (module.name, what.split(":")[0]) not in EXCUSED
    ]


def test_every_excuse_is_needed() -> None:
    needed = {
        (module.name, what.split(":")[0])
        for module in modules()
        if module.wing in PURE_WINGS
        for _, what in banned_uses(module.tree)
    }
    assert set(EXCUSED) <= needed


def test_core_and_engine_are_pure() -> None:
    found = [fault for module in modules() if module.wing in PURE_WINGS for fault in faults(module)]
    assert not found, listed(found)


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "import random",
        "from uuid import uuid4",
        "import secrets as s",
        "from numpy import random",
        "from os import environ",
        "x = datetime.now(UTC)",
        "x = datetime.datetime.utcnow()",
        "def f():\n    return date.today()",
        "x = os.urandom(16)",
        "x = os.environ['HOME']",
        "x = np.random.default_rng(1)",
        "x = hash(name)",
        "for x in {1, 2}: pass",
        "def f(ids: set[str]):\n    return [i for i in ids]",
        "def f(ids: frozenset[str] | None):\n    return ','.join(ids)",
        "SEEN: Final = frozenset(names)\nORDER = tuple(SEEN)",
        "def f(a, b):\n    both = set(a) & set(b)\n    for x in both: pass",
        "class A:\n    types: frozenset[str]\n    def f(self):\n        return {t: 1 for t in self.types}",
        "def f(a):\n    return [*{x for x in a}]",
        "def f(a):\n    seen = set(a)\n    return seen.pop()",
        "def f(a, b):\n    return next(iter(set(a).union(b)))",
        "def f(a):\n    return dict.fromkeys(set(a), 0)",
    ],
)
def test_a_banned_thing_is_caught(source: str) -> None:
    assert faults(Module("bonafide.core.sample", ROOT / "sample.py", ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime\nx = datetime(2026, 1, 5, tzinfo=UTC)",
        "def f(ids: set[str]):\n    return sorted(ids)",
        "def f(ids: set[str]):\n    return sum(len(i) for i in ids) + len(ids)",
        "def f(a):\n    return {x + 1 for x in set(a)}",
        "def f(a):\n    return 'x' in set(a)",
        "def f(ids: set[str]): pass\ndef g(ids: list[str]):\n    return [i for i in ids]",
        "def f(times):\n    return times.latest",
    ],
)
def test_what_is_lawful_passes(source: str) -> None:
    assert faults(Module("bonafide.core.sample", ROOT / "sample.py", ast.parse(source))) == []
