"""Screening against lists of entities that whoever runs Bonafide brings along; none is shipped.

A hit is a score and what it rests on; a person decides what it means. A representative is known by an id alone, so
people on a list are found by a number that stands on it, not by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from bonafide.core.business_numbers.reading import read_number
from bonafide.core.business_numbers.same import number_keys
from bonafide.core.business_numbers.writing import plain_number
from bonafide.office.merchants.application import Application
from bonafide.office.merchants.index import NameIndex
from bonafide.office.merchants.names import fold

THRESHOLD_DEFAULT: Final = 0.85
OTHER_COUNTRY: Final = 0.1
"""What a score loses where both countries are known and have nothing in common."""
HITS_MAX: Final = 20
"""Hits of one application that are kept, the highest."""
IDENTIFIER_LENGTH_MIN: Final = 5
PERSON: Final = "Person"
"""Entries that are found by number alone: namesakes of people are many, and a sole trader's name is a person's."""


class Entity(NamedTuple):
    """One entry of a list."""

    id: str
    schema: str
    names: tuple[str, ...]
    countries: frozenset[str] = frozenset()
    """ISO 3166 codes, upper case."""
    identifiers: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class Hit(NamedTuple):
    """An entry that an application looks like."""

    entity_id: str
    score: float
    """1 where a number is the same; else how alike the names are, less OTHER_COUNTRY."""
    by: str
    """identifier or name."""


def _writings(identifier: str, schema: str) -> set[str]:
    """What an entry's number is found by. A person's number may be of a passport, which has no country's letters to
    lack."""
    plain = plain_number(identifier)
    if len(plain) < IDENTIFIER_LENGTH_MIN:
        return set()
    return {plain} if schema == PERSON else {plain, *number_keys(identifier)}


class Screening:
    """Lists in memory, asked by application."""

    def __init__(self, entities: Iterable[Entity] = (), threshold: float = THRESHOLD_DEFAULT) -> None:
        self.threshold = threshold
        self._entities: dict[str, Entity] = {}
        self._names: NameIndex[str] = NameIndex()
        self._identifiers: dict[str, list[str]] = {}
        for entity in entities:
            self.add(entity)

    def __len__(self) -> int:
        return len(self._entities)

    def add(self, entity: Entity) -> None:
        """Take in an entry; of two with one id the names and numbers of both count."""
        self._entities[entity.id] = entity
        for name in entity.names if entity.schema != PERSON else ():
            self._names.add(entity.id, fold(name).skeleton)
        for identifier in entity.identifiers:
            for key in _writings(identifier, entity.schema):
                self._identifiers.setdefault(key, []).append(entity.id)

    def hits(self, application: Application, identity: str = "") -> list[Hit]:
        """Every entry at or above the threshold, the highest first; `identity` is the representative's id where the
        application does not have it in clear."""
        number = read_number(application.registration_no)
        found: dict[str, Hit] = {}
        numbers = {*number_keys(application.registration_no), plain_number(application.registration_no)}
        for text in (*numbers, plain_number(identity or application.representative)):
            for entity_id in self._identifiers.get(text, ()):
                found[entity_id] = Hit(entity_id, 1.0, "identifier")
        for near in self._names.near(fold(application.legal_name).skeleton):
            countries = self._entities[near.key].countries
            elsewhere = number.country is not None and countries and number.country not in countries
            score = round(near.similarity - (OTHER_COUNTRY if elsewhere else 0.0), 6)
            known = found.get(near.key)
            if score >= self.threshold and (known is None or known.score < score):
                found[near.key] = Hit(near.key, score, "name")
        return sorted(found.values(), key=lambda hit: (-hit.score, hit.entity_id))[:HITS_MAX]
