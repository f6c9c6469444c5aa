"""Which layer of signals a rule needs, and the bundle that holds no more than some layers.

A rule belongs to the highest layer of all that it reads, and so does a feature; which one that is follows from what is
read alone, never from the names of rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from bonafide.core.events import DERIVED_CLASS
from bonafide.engine.bundle import Bundle, Rule, content_hash
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.features.spec import Feature
from bonafide.engine.funds.layout import ESTABLISHES, FACTS
from bonafide.engine.rules.language import Node, names_in
from bonafide.engine.rules.tree import LOCAL
from bonafide.engine.rules.utilisation import UTILISATION, expand

Layer = Literal["rules", "windows", "links", "funds", "rings"]
LAYERS: Final[dict[Layer, str]] = {
    "rules": "the fields of the event itself",
    "windows": "what its user, merchant or the two of them did before",
    "links": "who else used the device, account, address or parcel; answers carried from one key to another",
    "funds": "where the credit's money went, and whether it came home",
    "rings": "groups found by batch jobs over the log so far",
}
"""From the simplest, and what each adds."""
SHARED: Final = frozenset({
    "device_id", "ip", "address_id", "address", "phone_id", "account_id", "from_account_id", "to_account_id",
    "tracking_no", "representative_id", "registration_no", "legal_name",
})  # fmt: skip
"""Keys that several users or merchants can have in common."""
_RULES: Final[Layer] = "rules"
_FUNDS: Final[Layer] = "funds"
OF_DERIVED: Final[dict[str, Layer]] = {**dict.fromkeys(ESTABLISHES, _FUNDS), "linked": "links", "grouped": "rings"}
"""By the type of derived events that a feature counts."""
OF_FACT: Final[dict[str, Layer]] = {
    **dict.fromkeys(LOCAL, _RULES), "line_in_use": "rules", UTILISATION: "windows", "shares": "links",
    **dict.fromkeys(FACTS, _FUNDS),
}  # fmt: skip
"""By what a rule or a feature reads that is no field and no feature."""
_ORDER: Final = tuple(LAYERS)


def highest(layers: Iterable[Layer]) -> Layer:
    """The highest of some layers; of none the first.

    >>> highest(["windows", "funds", "links"])
    'funds'
    """
    return max(layers, key=_ORDER.index, default="rules")


def layer_of_feature(feature: Feature, features: Mapping[str, Feature]) -> Layer:
    """The layer that a feature belongs to; `features` are all of the bundle, by name.

    Windows are what is counted by user or merchant. Links are what is counted by a key that others may have too, unless
    the user is part of it, and answers of other features that an event carries.
    """
    carried = [layer_of_feature(features[name], features) for name in _read(feature) & features.keys()]
    facts = [OF_FACT[name] for name in _read(feature) & OF_FACT.keys()]
    shared = SHARED & set(feature.by) and "user_id" not in feature.by
    own: Layer = "links" if carried or shared else "windows"
    return highest([own, *carried, *facts, *map(_layer_of_type, feature.types)])


def layer_of_rule(when: Node, features: Mapping[str, Feature]) -> Layer:
    """The layer that a rule of this condition belongs to."""
    read = names_in(when)
    facts = [OF_FACT[name] for name in read & OF_FACT.keys()]
    return highest([*facts, *(layer_of_feature(features[name], features) for name in read & features.keys())])


def layers_of(bundle: Bundle) -> dict[str, Layer]:
    """The layer of each of a bundle's rules, by id."""
    features = {feature.name: feature for feature in bundle.features}
    return {rule.id: layer_of_rule(rule.when, features) for rule in bundle.rules}


def up_to(bundle: Bundle, layer: Layer) -> Bundle:
    """The bundle with only the rules of the layers up to this one, and only the features that these read."""
    layers = layers_of(bundle)
    rules = tuple(rule for rule in bundle.rules if _ORDER.index(layers[rule.id]) <= _ORDER.index(layer))
    features = _needed(rules, bundle.features)
    compiled = compile_bundle(features, [(rule.when, rule.weight) for rule in rules], bundle.settings)
    told = {"bundle": bundle.hash.encode(), "rules": ",".join(rule.id for rule in rules).encode()}
    return bundle._replace(rules=rules, features=features, compiled=compiled, hash=content_hash(told))


def _needed(rules: Iterable[Rule], features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The features that some rules read, those behind `utilisation` and those that other features carry among them."""
    by_name = {feature.name: feature for feature in features}
    wanted: set[str] = set()
    waiting = {name for rule in rules for name in names_in(expand(rule.when))} & by_name.keys()
    while waiting:
        wanted |= waiting
        waiting = {name for one in waiting for name in _read(by_name[one]) & by_name.keys()} - wanted
    return tuple(feature for name, feature in by_name.items() if name in wanted)


def _read(feature: Feature) -> set[str]:
    """What a feature's `of` and `where` name."""
    return ({feature.of} if feature.of else set()) | (names_in(feature.where) if feature.where is not None else set())


def _layer_of_type(name: str) -> Layer:
    """The layer of counting events of a type; a derived type that nobody placed is refused."""
    if name in DERIVED_CLASS:
        return OF_DERIVED[name]
    return "rings" if name == "group" else "windows"
