"""What differs between two bundles, part by part, in the words of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from bonafide.engine.bundle import POLICY, Bundle
from bonafide.engine.bundles.files import CHALLENGER, Sources
from bonafide.engine.bundles.head import HEAD
from bonafide.engine.bundles.ladder import LADDER
from bonafide.engine.bundles.lists import SNOOZED
from bonafide.engine.bundles.purpose import FEATURES
from bonafide.engine.bundles.rules import REASONS, RULES

Kind = Literal["added", "removed", "changed"]
SECTIONS: Final = ("bundle", "features", "rules", "policy", "ladder", "reasons", "lists", "files", "challenger")


class Change(NamedTuple):
    """One thing that is in one bundle only, or is in both and differs."""

    section: str
    """One of SECTIONS."""
    name: str
    """A feature's name, a rule's id, a reason's code, a key of bundle.yaml, policy.yaml or ladder.yaml, a list, a
    file; in the section of the challenger, the section and the name."""
    kind: Kind
    keys: dict[str, tuple[Any, Any]]
    """Of a change: what was and what is, by key; None where there is nothing."""


def diff_bundles(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> list[Change]:
    """The changes from one bundle to another, in the order of SECTIONS; none where their files are the same."""
    return [change for section in SECTIONS for change in _PARTS[section](old, new)]


def _of_keys(section: str, name: str) -> Any:
    def find(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> Iterator[Change]:
        before, after = _document(old[0], name), _document(new[0], name)
        for key in dict.fromkeys((*before, *after)):
            was, now = before.get(key), after.get(key)
            if was != now:
                yield Change(section, key, "changed", {key: (was, now)})

    return find


def _of_items(section: str, name: str, key: str | None) -> Any:
    """Of a list of items that `key` names; without a key, of items by name."""

    def items(sources: Sources) -> dict[str, dict[str, Any]]:
        value = _document(sources, name)
        given = value.items() if key is None else ((item[key], item) for item in value)
        return {label: {k: _tidy(v) for k, v in item.items() if k != key} for label, item in given}

    def find(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> Iterator[Change]:
        yield from _compare(section, items(old[0]), items(new[0]))

    return find


def _compare(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for label in dict.fromkeys((*before, *after)):
        was, now = before.get(label), after.get(label)
        if was is None or now is None:
            item = now or was or {}
            pairs = {k: (None, v) if was is None else (v, None) for k, v in item.items()}
            yield Change(section, label, "added" if was is None else "removed", pairs)
        elif was != now:
            keys = [k for k in dict.fromkeys((*was, *now)) if was.get(k) != now.get(k)]
            yield Change(section, label, "changed", {k: (was.get(k), now.get(k)) for k in keys})
    kept = [label for label in before if label in after]
    if kept != [label for label in after if label in before]:
        yield Change(section, "order", "changed", {"order": (kept, [label for label in after if label in before])})


def _lists(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> Iterator[Change]:
    before, after = old[1].entries, new[1].entries
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) == after.get(name):
            continue
        was, now = (None if name not in one else [entry.id for entry in one[name]] for one in (before, after))
        old_entries, new_entries = set(was or ()), set(now or ())
        told = {entry.id: entry for entry in before.get(name, ())}
        keys: dict[str, tuple[Any, Any]] = {
            "entries": (None if was is None else len(was), None if now is None else len(now)),
            "added": (None, [entry for entry in now or () if entry not in old_entries]),
            "removed": ([entry for entry in was or () if entry not in new_entries], None),
            "changed": (None, [e.id for e in after.get(name, ()) if e.id in told and told[e.id] != e]),
        }
        yield Change("lists", name, "added" if was is None else "removed" if now is None else "changed", keys)


def _files(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> Iterator[Change]:
    """Files that differ and that no other section has told of."""
    before, after = old[0].contents, new[0].contents
    for name in sorted(name for name in {*before, *after} if not name.startswith(f"{CHALLENGER}/")):
        told = _is_list(name) or (name in before and name in after and name in _READ)
        if before.get(name) == after.get(name) or (told and _says_more(old, new, name)):
            continue
        kind: Kind = "added" if name not in before else "removed" if name not in after else "changed"
        yield Change("files", name, kind, {})


def _challenger(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> Iterator[Change]:
    """How a challenger differs from the one before; one that is new, from the champion that it is tried beside."""
    was, now = challenger_of(old), challenger_of(new)
    if now is None:
        yield from () if was is None else (Change("challenger", CHALLENGER, "removed", {}),)
        return
    if was is None:
        yield Change("challenger", CHALLENGER, "added", {})
    for change in diff_bundles(was or new, now):
        if not (was is None and change.section in ("bundle", "challenger")):
            yield change._replace(section="challenger", name=f"{change.section}: {change.name}")


def challenger_of(whole: tuple[Sources, Bundle]) -> tuple[Sources, Bundle] | None:
    """What is tried beside a bundle, with its files; None where nothing is."""
    sources, bundle = whole
    return None if bundle.trial is None else (sources.inside(CHALLENGER), bundle.trial.challenger)


def _says_more(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle], name: str) -> bool:
    """Whether another section tells how a file changed; else only its comments or its layout did."""
    section = "lists" if _is_list(name) else _READ[name]
    return any(True for _ in _PARTS[section](old, new))


def _is_list(name: str) -> bool:
    return name.startswith("lists/") and name != SNOOZED


def _document(sources: Sources, name: str) -> Any:
    document = sources.document(name) if name in sources.contents else None
    return {} if document is None else document.value


def _tidy(value: Any) -> Any:
    """A text without the line breaks of its layout."""
    return " ".join(value.split()) if isinstance(value, str) else value


_READ: Final = {
    HEAD: "bundle", FEATURES: "features", RULES: "rules", POLICY: "policy", LADDER: "ladder", REASONS: "reasons",
}  # fmt: skip
_PARTS: Final[dict[str, Any]] = {
    "bundle": _of_keys("bundle", HEAD),
    "features": _of_items("features", FEATURES, "name"),
    "rules": _of_items("rules", RULES, "id"),
    "policy": _of_keys("policy", POLICY),
    "ladder": _of_keys("ladder", LADDER),
    "reasons": _of_items("reasons", REASONS, None),
    "lists": _lists,
    "files": _files,
    "challenger": _challenger,
}
