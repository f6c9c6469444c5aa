"""The cache of compiled kernels: nobody ever runs a stale one."""

from __future__ import annotations

import ast
import fcntl
import shutil
from pathlib import Path

import pytest

from bonafide.core import fields
from bonafide.engine import kernel
from bonafide.engine.kernels import Kernels, _load, are_compiled, cache_folder, load_kernels

ENGINE = Path(kernel.__file__).parent
FOLLOWS = {("features/layout.py", "COMPLETED_CODE")}
"""Constants that follow from the schema, whose codes are part of the stamp."""

MAKERS = {"kernel.py", "parts.py"}
"""They decide how everything else is compiled."""


def compiled_in(path: Path) -> list[ast.FunctionDef]:
    """The functions of a module that numba compiles."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and (node.name in Kernels._fields or any(getattr(d, "id", "") in {"inner",
            "intrinsic"} for d in node.decorator_list))
    ]  # fmt: skip


def read_by(path: Path) -> set[tuple[str, str]]:
    """(module, name) of everything of the engine that a module's compiled functions read from other modules."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    origin = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module for alias in node.names
    }  # fmt: skip
    used = {n.id for f in compiled_in(path) for n in ast.walk(f) if isinstance(n, ast.Name)}
    found = {origin[name] for name in used & set(origin) if origin[name][0].startswith("bonafide.engine.")}
    return {(module.removeprefix("bonafide.engine.").replace(".", "/") + ".py", name) for module, name in found}


def what_kernels_need() -> list[str]:
    """Modules that hold compiled functions, or what these read."""
    holding = [p for p in ENGINE.rglob("*.py") if compiled_in(p)]
    read = {told for path in holding for told in read_by(path)} - FOLLOWS
    return sorted({p.relative_to(ENGINE).as_posix() for p in holding} | {module for module, _ in read} | MAKERS)


def test_kernels_need_what_one_would_think() -> None:
    needed = what_kernels_need()
    assert {
        "walk.py",
        "siphash.py",
        "codes.py",
        "features/layout.py",
        "rules/machine.py",
        "rules/operations.py",
    } <= set(needed)
    assert not {"bundle.py", "engine.py", "features/spec.py"} & set(needed)


@pytest.mark.parametrize("module", what_kernels_need())
def test_the_stamp_changes_with_everything_that_kernels_need(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ENGINE, tmp_path / "engine")
    monkeypatch.setattr(kernel, "_ENGINE", tmp_path / "engine")
    before = kernel.source_stamp()
    with (tmp_path / "engine" / module).open("a") as file:
        file.write("\nMORE = 1\n")
    assert kernel.source_stamp() != before


def test_the_stamp_changes_with_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    before = kernel.source_stamp()
    moved = {name: field._replace(place=field.place + 1) for name, field in fields.FIELDS.items()}
    monkeypatch.setattr(kernel, "FIELDS", moved)
    assert kernel.source_stamp() != before
    monkeypatch.undo()
    monkeypatch.setattr(kernel, "WORDS", (*fields.WORDS, "zebra"))
    assert kernel.source_stamp() != before


def test_the_stamp_stays_where_nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ENGINE, tmp_path / "engine")
    monkeypatch.setattr(kernel, "_ENGINE", tmp_path / "engine")
    before = kernel.source_stamp()
    with (tmp_path / "engine" / "bundle.py").open("a") as file:
        file.write("\nMORE = 1\n")
    assert kernel.source_stamp() == before


def test_what_is_compiled_is_loaded_while_another_process_compiles_more() -> None:
    load_kernels()
    assert are_compiled()
    with (cache_folder() / kernel.source_stamp() / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # of this open file: it keeps out this process, too
        assert _load(None)._fields == Kernels._fields
