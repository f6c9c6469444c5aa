"""What is secret prints as nothing: every class with a field that may hold one is made with one, and printed."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from typing import Any, NamedTuple

import msgspec
import pytest

from bonafide.core.secret import Secret
from tests.house.tree import Module, listed, modules

SECRET = re.compile(
    r"(?:^|_)(?:secret|password|passphrase|token|key|master|csrf|cookie|verifier|nonce|credential|authorization|url)s?"
    r"(?:_|$)"
)
"""Names of fields that may hold one. A URL may be all that a receiver asks for, or hold a password."""
TEXT = re.compile(r"\b(?:str|bytes|Secret|Any|object|tuple|list|dict|Mapping|Sequence|NDArray)\b")
"""Types that can hold a secret's text; a number and a switch cannot."""
CANARY = "canary-that-must-not-sing"
PLAIN = {
    "runtime.runtime._As.key_id": "names a key", "server.shapes.LetterAnswer.key_id": "names a key",
    "access.key_rows.KeyRow.key_id": "names a key", "access.sender.Sender.key_id": "names a key",
    "bundles.steps.Step.key_id": "names a key", "vault.rotation.Rewrapped.key_id": "names a key",
    "apps.settings.Settings.tls_key": "names a file", "apps.settings.Settings.oidc_redirect_url": "is public",
    "people.oidc_provider.OidcSettings.redirect_url": "is public",
    "people.oidc_provider._Description.token_endpoint": "is public",
    "people.oidc_provider._Description.token_endpoint_auth_methods_supported": "is public",
    "people.oidc_provider._Description.authorization_endpoint": "is public",
    "engine.bundles.diff.Change.keys": "names in a YAML file",
    "engine.bundles.shapes.Slot.key": "a name in a YAML file",
    "engine.snapshot._Header.secret": "a hash of it",
}  # fmt: skip
"""Fields that are called so and hold none: class and field -> why."""


class Holder(NamedTuple):
    """A class that says what it holds."""

    module: str
    name: str
    fields: tuple[str, ...]
    """Those that may be secret."""


def holders(module: Module) -> list[Holder]:
    """The classes of a module with annotated fields whose names say secret."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            stated = [one.target.id for one in node.body if isinstance(one, ast.AnnAssign)
                      and isinstance(one.target, ast.Name) and TEXT.search(ast.unparse(one.annotation))]  # fmt: skip
            names = tuple(name for name in stated if SECRET.search(name))
            if names:
                found.append(Holder(module.name, node.name, names))
    return found


def made(kind: type, held: dict[str, Any]) -> Any:
    """An object of a kind with what it is to hold, and nothing else."""
    if issubclass(kind, tuple):
        return kind._make(held.get(name) for name in kind._fields)  # type: ignore[attr-defined]
    if issubclass(kind, msgspec.Struct):
        return kind(**{name: held.get(name) for name in kind.__struct_fields__})
    one = object.__new__(kind)
    for name, value in held.items():
        object.__setattr__(one, name, value)
    return one


def sings(kind: type, field: str) -> bool:
    """Whether an object prints what stands in a field."""
    value: Any = CANARY
    if "Secret" in str(inspect.get_annotations(kind).get(field, "")):
        value = Secret(CANARY)
    one = made(kind, {field: value})
    return any(CANARY in told for told in (repr(one), str(one), f"{one}", f"{[one]}"))


def faults(holder: Holder) -> list[str]:
    kind = getattr(importlib.import_module(holder.module), holder.name, None)
    if not isinstance(kind, type):
        return []  # a class within a function or another class lives no longer than they do
    names = [f"{holder.module.removeprefix('bonafide.')}.{holder.name}.{field}" for field in holder.fields]
    return [name for name, field in zip(names, holder.fields, strict=True)
            if not any(name.endswith(plain) for plain in PLAIN) and sings(kind, field)]  # fmt: skip


def test_no_class_prints_a_secret() -> None:
    found = [holder for module in modules() for holder in holders(module)]
    assert len(found) > 20
    wrong = [fault for holder in found for fault in faults(holder)]
    assert not wrong, f"type them Secret, or give the class a __repr__ (core.secret.unprinted):\n{listed(wrong)}"


def test_every_exception_is_still_there() -> None:
    there = {
        f"{one.module}.{one.name}.{field}" for module in modules() for one in holders(module) for field in one.fields
    }
    assert [plain for plain in PLAIN if not any(name.endswith(plain) for name in there)] == []


class _Told(NamedTuple):
    token: str


class _Struct(msgspec.Struct):
    password: str


class _Hidden(NamedTuple):
    token: Secret


@pytest.mark.parametrize(("kind", "field", "does"), [(_Told, "token", True), (_Struct, "password", True),
                                                     (_Hidden, "token", False)])  # fmt: skip
def test_what_prints_one_is_caught(kind: type, field: str, does: bool) -> None:
    assert sings(kind, field) == does
