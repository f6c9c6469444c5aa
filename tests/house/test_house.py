"""Sizes, docstrings, types, leftovers and foreign names: the house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.house.tree import ROOT, Module, functions, listed, modules, place, text_files

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
UNDOCUMENTED_LINES_MAX = 8
"""A public function of more lines says what it does, with shapes, units and errors."""
COMPILERS = {"inner", "njit", "jit", "cfunc", "vectorize", "intrinsic"}
"""Decorators whose functions numba types by itself; so it does the entry points, which are compiled when they load."""
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "joblib"}

# One letter of each name in brackets, so that this file does not hold what it looks for.
FOREIGN = {
    "a package registry's host": re.compile(
        r"\bp[y]pi\b|python[h]osted|registry\.[n]pm|npm[j]s\.|crates\.[i]o|deb\.[d]ebian", re.IGNORECASE
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+)/\w"),
}


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@cache
def entry_points() -> frozenset[str]:
    """Names of the functions that the engine compiles: the fields of its Kernels, and of other tuples of such names."""
    found = {
        field.target.id
        for module in modules()
        if module.name.startswith("bonafide.engine.")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Kernels")
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
    return frozenset(found)


def is_compiled(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the function is handed to numba."""
    if node.name in entry_points():
        return True
    called = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any((one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "")) in COMPILERS for one in called)


def is_annotated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether every parameter but self and cls, and the answer, has a type."""
    given = node.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return node.returns is not None and all(p.annotation or p.arg in {"self", "cls"} for p in parameters)


def source_faults(module: Module, text: str) -> list[str]:
    """What breaks a house rule in one source file, one line each."""
    found = []
    file = module.path.relative_to(ROOT)
    if text.count("\n") > FILE_LINES_MAX:
        found.append(f"{file}: {text.count(chr(10))} lines, at most {FILE_LINES_MAX}")
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            found.append(f"{file}:{number}: unfinished: {line.strip()}")
    compiled_inside = {id(inside) for node in functions(module.tree) if is_compiled(node) for inside in functions(node)}
    for node in functions(module.tree):
        where = f"{place(module, node)}: {node.name}"
        if lines_of(node) > FUNCTION_LINES_MAX:
            found.append(f"{where} has {lines_of(node)} lines, at most {FUNCTION_LINES_MAX}")
        if not node.name.startswith("_") and lines_of(node) > UNDOCUMENTED_LINES_MAX and not ast.get_docstring(node):
            found.append(f"{where} has no docstring")
        if id(node) not in compiled_inside and not is_annotated(node):
            found.append(f"{where} is neither compiled by numba nor annotated")
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [
            f"{place(module, node)}: {name} runs what it reads" for name in names if name.split(".")[0] in PICKLES
        ]
    return found


def foreign_names(name: str, text: str) -> list[str]:
    """Places of a text that name what belongs to one machine or one registry."""
    return [
        f"{name}:{number}: {what}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FOREIGN.items()
        if pattern.search(line)
    ]


def test_sources_keep_the_house_rules() -> None:
    found = [fault for m in modules() for fault in source_faults(m, m.path.read_text(encoding="utf-8"))]
    assert not found, listed(found)


def test_no_file_names_a_registry_or_one_machine() -> None:
    found = [fault for name, text in text_files() for fault in foreign_names(name, text)]
    assert not found, listed(found)


def test_there_are_files_to_hold_to_the_rules() -> None:
    assert len(modules()) > 5
    assert {"pyproject.toml", "requirements.lock", "Makefile"} <= {name for name, _ in text_files()}


LONG = "    x = 1\n"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x = 1\n" * 501, "501 lines"),
        (f"def f() -> None:\n    'Doc.'\n{LONG * 69}", "71 lines"),
        (f"def f() -> None:\n{LONG * 8}", "no docstring"),
        ("class A:\n    def f(self) -> None:\n" + "        x = 1\n" * 8, "no docstring"),
        ("x = 1  # TODO later\n", "unfinished"),
        ("def f() -> None:\n    raise NotImplementedError\n", "unfinished"),
        ("def f(a):\n    return a\n", "neither compiled"),
        ("def f(a) -> int:\n    return a\n", "neither compiled"),
        ("import pickle\n", "runs what it reads"),
        ("from joblib import load\n", "runs what it reads"),
    ],
)
def test_a_broken_rule_is_caught(source: str, says: str) -> None:
    module = Module("bonafide.core.sample", ROOT / "sample.py", ast.parse(source))
    assert any(says in fault for fault in source_faults(module, source))


@pytest.mark.parametrize(
    "source",
    [
        f"def _f() -> None:\n{LONG * 30}",
        "@inner\ndef add(a, b):\n    return a + b\n",
        "@numba.njit(nogil=True)\ndef add(a, b):\n    return a + b\n",
        "class A:\n    def f(self, *more: int, **rest: int) -> None:\n        x = 1\n",
    ],
)
def test_a_tidy_source_passes(source: str) -> None:
    assert source_faults(Module("bonafide.core.sample", ROOT / "sample.py", ast.parse(source)), source) == []


def test_the_entry_points_are_read_from_the_engine() -> None:
    assert {"walk", "shapley_rows"} <= entry_points()


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://py" + "pi.org/simple",
        "from https://files.python" + "hosted.org/x",
        "see /" + "work/main/x",
        "cd /" + "root/x",
        "open('/" + "home/ann/x')",
    ],
)
def test_a_foreign_name_is_caught(line: str) -> None:
    assert foreign_names("sample", line)


@pytest.mark.parametrize("line", ["the framework/main folder", "docs/wor" + "k/x", "a GitHub release", "./root/x"])
def test_a_name_of_our_own_passes(line: str) -> None:
    assert foreign_names("sample", line) == []
