"""What a finding of a review rests on, in the words of whoever reads it; other merchants and owners are links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.parts import link, text
from bonafide.apps.console.texts import Texts

OTHERS_SHOWN: Final = 12
_LISTED: Final = ("merchants", "entries", "owner")
"""What is told by itself, and not among the plain values."""


def rests_on(texts: Texts, told: Mapping[str, Any]) -> None:
    """Links to others, then names and values."""
    others = told.get("merchants", ())
    for other in others[:OTHERS_SHOWN] if isinstance(others, list) else ():
        if isinstance(other, dict):
            one = link(show.token(str(other["merchant"])), f"/merchants/{part(str(other['merchant']))}", "link mono")
            one.props["title"] = _of_other(texts, other)
        else:
            link(show.token(str(other)), f"/merchants/{part(str(other))}", "link mono")
    if isinstance(told.get("owner"), str) and told.get("owner_type") in ("merchant", "user"):
        path = f"/subjects/{told['owner_type']}/{part(told['owner'])}"
        link(show.token(told["owner"]), path, "link mono")
    if words := plain(texts, told):
        text("span", " · ".join(words), "muted")


def plain(texts: Texts, told: Mapping[str, Any]) -> list[str]:
    """Names and values that are no links, as people read them."""
    found = [f"{texts.word('rests_on', name)} {_value(texts, name, value)}"
             for name, value in told.items() if name not in _LISTED]  # fmt: skip
    for one in told.get("entries", ()):
        found.append(f"{one['entity']} ({show.share(one['score'])})")
    return found


def _of_other(texts: Texts, other: Mapping[str, Any]) -> str:
    """How another merchant stands, and what it has in common."""
    shared = ", ".join(texts.word("shared", name) for name in other.get("shared", ()))
    standing = texts.word("standing", other.get("standing", ""))
    alike = other.get("name_similarity")
    return " · ".join(filter(None, (
        standing, shared, texts("rests_on.alike", share=show.share(alike)) if alike is not None else "",
    )))  # fmt: skip


def _value(texts: Texts, name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(texts.word(_GROUPS.get(name, "plain"), one) for one in value)
    if name in _AS:
        return _AS[name](value)
    return texts.word(_GROUPS.get(name, "plain"), value)


_GROUPS: Final = {"kinds": "paper", "fields": "shared", "owner_type": "subject", "scheme": "scheme"}
_AS: Final[dict[str, Callable[[Any], str]]] = {
    "opened_ms": lambda at: show.at(at)[:10], "since_ms": lambda at: show.at(at)[:10],
    "measure": lambda index: f"{index:.2f}",
    "orders_before": show.count, "orders_after": show.count, "count": show.count, "days": show.count,
}  # fmt: skip
