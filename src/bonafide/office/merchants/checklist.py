"""Which papers an application needs, by category, and which kinds of paper are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from bonafide.core.unseen import drop_unseen

ALWAYS: Final = ("licence", "identity")
"""The business licence or register extract, and the representative's proof of identity."""
_PLURAL_LENGTH_MIN: Final = 4


@lru_cache(maxsize=4_096)
def fold_word(word: str) -> str:
    """A word for a category or a kind of paper without case, blanks, dashes and the ending of a plural.

    >>> fold_word("Business-License") == fold_word("business_licences"), fold_word("Groceries") == fold_word("grocery")
    (True, True)
    """
    text = unicodedata.normalize("NFKC", drop_unseen(word)).casefold()
    folded = re.sub(r"[\W_]+", "", text).replace("license", "licence")
    if len(folded) < _PLURAL_LENGTH_MIN or not folded.endswith("s") or folded.endswith("ss"):
        return folded
    return f"{folded[:-3]}y" if folded.endswith("ies") else folded[:-1]


_BY_CATEGORY: Final[Mapping[str, tuple[str, str]]] = {
    "food_licence": (
        "groceries meals food restaurant tea alcohol cafe catering bakery beverages drinks wine liquor snacks takeaway",
        "餐饮 餐饮服务 餐饮管理 食品 饮食 餐厅 饭店 小吃 生鲜 外卖 茶叶 酒类 烘焙 饮料 零食 咖啡",
    ),
    "drug_licence": (
        "medicine pharmacy health medical_devices pharmaceuticals drugs drugstore medical medication",
        "药品 医药 药店 药房 保健 医疗 医疗器械 健康",
    ),
    "travel_licence": ("travel hotel tickets travel_agency tourism", "旅行 旅游 旅行社 酒店 票务 门票 机票"),
    "school_licence": ("courses education training school tutoring", "课程 教育 培训 学校 教育培训 辅导"),
    "publication_licence": ("books publications bookshop bookstore", "图书 书籍 出版物 书店"),
    "telecom_licence": ("top_up telecom games telecommunications gaming", "充值 话费 话费充值 电信 游戏"),
    "prepaid_filing": ("gift_cards prepaid prepaid_cards vouchers", "礼品卡 预付卡 购物卡 储值卡"),
}
"""Kind of paper -> the words of the categories that need it, in en and zh."""
BY_CATEGORY: Final[Mapping[str, tuple[str, ...]]] = {
    fold_word(word): (kind,)
    for kind, told in _BY_CATEGORY.items()
    for words in told
    for word in words.split()
}  # fmt: skip
"""Category, folded -> what it needs beside what everybody needs. Of other categories nothing more is asked."""
_SAME: Final[Mapping[str, str]] = {
    "licence": "licence business_licence register_extract trade_register trade_licence commercial_register "
    "certificate_of_incorporation certificate_of_registration handelsregisterauszug gewerbeschein kbis extrait_kbis "
    "营业执照 營業執照 登记证明 商业登记证",
    "identity": "identity id id_card identity_card passport national_id proof_of_identity driving_licence "
    "drivers_licence personalausweis reisepass cni carte_d_identite 身份证 身分證 护照 護照 身份证明 居民身份证",
    "food_licence": "food_licence food_business_licence food_permit 食品经营许可证 餐饮服务许可证 食品许可证",
    "drug_licence": "drug_licence medicine_licence pharmacy_licence 药品经营许可证 医疗器械经营许可证",
    "travel_licence": "travel_licence travel_agency_licence 旅行社业务经营许可证",
    "school_licence": "school_licence 办学许可证",
    "publication_licence": "publication_licence 出版物经营许可证",
    "telecom_licence": "telecom_licence 增值电信业务经营许可证",
    "prepaid_filing": "prepaid_filing 预付卡备案",
}
SAME: Final[Mapping[str, str]] = {fold_word(word): kind for kind, words in _SAME.items() for word in words.split()}
"""Words for a kind of paper, folded -> the kind."""
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
SPECIAL: Final = frozenset(_BY_CATEGORY)


class Papers(NamedTuple):
    """What a review says of the papers."""

    missing: tuple[str, ...]
    other_category: tuple[str, ...]
    """Special licences that are there, none of which this category asks for, where it asks for one that is not."""


def paper_kind(word: str) -> str:
    """The kind of paper that a word is for; of an unknown one the word itself, folded.

    >>> paper_kind("Business-License"), paper_kind("other")
    ('licence', 'other')
    """
    folded = fold_word(word)
    return SAME.get(folded, folded)


def needed(category: str) -> tuple[str, ...]:
    """The papers of a category, in the order in which they are asked for.

    >>> needed("Meals"), needed("toys")
    (('licence', 'identity', 'food_licence'), ('licence', 'identity'))
    """
    return (*ALWAYS, *BY_CATEGORY.get(fold_word(category), ()))


def check_papers(category: str, kinds: Collection[str]) -> Papers:
    """Which papers are missing, and whether a licence is for something else.

    >>> check_papers("meals", ["business_licence", "travel_licence"])
    Papers(missing=('identity', 'food_licence'), other_category=('travel_licence',))
    """
    given = {paper_kind(kind) for kind in kinds} - {""}
    wanted = needed(category)
    missing = tuple(kind for kind in wanted if kind not in given)
    special = SPECIAL & given
    other = tuple(sorted(special)) if SPECIAL & set(missing) and not special & set(wanted) else ()
    return Papers(missing, other)
