"""No comparison that stops at the first difference touches a secret: one call compares, and it takes hashes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.tree import SRC, Module, functions, listed, place

SECRET = re.compile(r"(^|_)(key|secret|hash|hashed|digest|password|token|authorization|given)$|^reveal$")
"""Names that hold, or make, what a stranger must not find out. A key's id is none."""
LOOKED_AT = ("office/access/*.py", "core/secret.py", "apps/cli/access.py")
COMPARING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def sources() -> list[Module]:
    """The sources that handle keys."""
    found = [path for pattern in LOOKED_AT for path in sorted((SRC / "bonafide").glob(pattern))]
    return [Module(path.stem, path, ast.parse(path.read_text(encoding="utf-8"))) for path in found]


def names_in(node: ast.AST) -> Iterator[str]:
    """Names that an expression takes its value from; how long something is says nothing of it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"len", "isinstance"}:
        return
    if isinstance(node, ast.Name):
        yield node.id
    if isinstance(node, ast.Attribute):
        yield node.attr
    for inside in ast.iter_child_nodes(node):
        yield from names_in(inside)


def comparisons(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Comparisons, and methods that compare, of what bears the name of a secret."""
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Compare) and any(isinstance(op, COMPARING) for op in node.ops):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {
            "startswith",
            "endswith",
            "index",
            "find",
        }:
            parts = [node.func, *node.args]
        yield from ((node, name) for part in parts for name in names_in(part) if SECRET.search(name))


def test_no_comparison_touches_a_secret() -> None:
    looked_at = sources()
    assert len(looked_at) > 5
    found = [f"{place(m, node)}: {name} is compared" for m in looked_at for node, name in comparisons(m.tree)]
    assert not found, listed(found)


def test_one_place_compares_hashes_and_every_request_passes_it() -> None:
    (verify,) = (f for m in sources() if m.name == "keys" for f in functions(m.tree) if f.name == "verify")
    order = [ast.unparse(node).splitlines()[0] for node in verify.body[1:]]
    compared = next(i for i, line in enumerate(order) if "compare_digest" in line)
    before, after = order[:compared], order[compared + 1 :]
    # Nothing leaves the function before hashes were compared, known id or not, and nothing before it asks the entry.
    assert not any(line.startswith(("return", "raise")) or "entry." in line for line in before)
    assert any(line.startswith("return") for line in after)


@pytest.mark.parametrize(
    "source",
    ["a.hash == b", "key != other", "x == self._secret", "given[:3] == y", "hashed in hashes", "key.startswith('a')",
     "row.key.reveal() == t", "api_key == t"],
)  # fmt: skip
def test_a_comparison_is_caught(source: str) -> None:
    assert list(comparisons(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["key_id == x", "len(given) != 3", "compare_digest(hashed, entry.hash)", "key is None"]
)
def test_what_gives_nothing_away_passes(source: str) -> None:
    assert not list(comparisons(ast.parse(source)))
