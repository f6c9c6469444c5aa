"""Which papers an application needs, by category, and which kinds of paper are the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

ALWAYS: Final = ("licence", "identity")
"""The business licence or register extract, and the representative's proof of identity."""
BY_CATEGORY: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("groceries", "meals", "food", "restaurant", "tea", "alcohol"), ("food_licence",)),
    **dict.fromkeys(("medicine", "pharmacy", "health", "medical_devices"), ("drug_licence",)),
    **dict.fromkeys(("travel", "hotel", "tickets"), ("travel_licence",)),
    **dict.fromkeys(("courses", "education", "training"), ("school_licence",)),
    **dict.fromkeys(("books", "publications"), ("publication_licence",)),
    **dict.fromkeys(("top_up", "telecom", "games"), ("telecom_licence",)),
    **dict.fromkeys(("gift_cards", "prepaid"), ("prepaid_filing",)),
}
"""Category -> what it needs beside what everybody needs. Of a category that is not here nothing more is asked."""
SAME: Final[Mapping[str, str]] = {
    "license": "licence", "business_licence": "licence", "business_license": "licence", "营业执照": "licence",
    "register_extract": "licence", "id": "identity", "id_card": "identity", "passport": "identity",
    "身份证": "identity", "food_license": "food_licence", "食品经营许可证": "food_licence",
    "drug_license": "drug_licence", "药品经营许可证": "drug_licence", "travel_license": "travel_licence",
    "旅行社业务经营许可证": "travel_licence", "school_license": "school_licence", "办学许可证": "school_licence",
    "publication_license": "publication_licence", "出版物经营许可证": "publication_licence",
    "telecom_license": "telecom_licence", "增值电信业务经营许可证": "telecom_licence",
}  # fmt: skip
"""Other words for a kind of paper."""
NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "licence": ("营业执照", "business licence or register extract"),
    "identity": ("代表人身份证明", "proof of the representative's identity"),
    "food_licence": ("食品经营许可证", "food business licence"),
    "drug_licence": ("药品或医疗器械经营许可证", "licence for medicines or medical devices"),
    "travel_licence": ("旅行社业务经营许可证", "travel agency licence"),
    "school_licence": ("办学许可证", "licence to teach"),
    "publication_licence": ("出版物经营许可证", "licence for publications"),
    "telecom_licence": ("增值电信业务经营许可证", "licence for telecommunication services"),
    "prepaid_filing": ("预付卡发行备案或授权", "filing or authorisation to sell prepaid cards"),
}
"""Kind -> its name in zh and en."""
SPECIAL: Final = frozenset(kind for kinds in BY_CATEGORY.values() for kind in kinds)


class Papers(NamedTuple):
    """What a review says of the papers."""

    missing: tuple[str, ...]
    other_category: tuple[str, ...]
    """Special licences that are there, none of which this category asks for, where it asks for one that is not."""


def needed(category: str) -> tuple[str, ...]:
    """The papers of a category, in the order in which they are asked for.

    >>> needed("Meals"), needed("toys")
    (('licence', 'identity', 'food_licence'), ('licence', 'identity'))
    """
    return (*ALWAYS, *BY_CATEGORY.get(category.casefold().strip(), ()))


def check_papers(category: str, kinds: Collection[str]) -> Papers:
    """Which papers are missing, and whether a licence is for something else.

    >>> check_papers("meals", ["business_licence", "travel_licence"])
    Papers(missing=('identity', 'food_licence'), other_category=('travel_licence',))
    """
    given = {SAME.get(folded, folded) for kind in kinds if (folded := kind.casefold().strip())}
    wanted = needed(category)
    missing = tuple(kind for kind in wanted if kind not in given)
    special = SPECIAL & given
    other = tuple(sorted(special)) if SPECIAL & set(missing) and not special & set(wanted) else ()
    return Papers(missing, other)
