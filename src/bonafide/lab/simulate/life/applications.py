"""What a shop writes into its application: its name, the number it is registered under, and the papers it hands in.

Everything is drawn apart from the rest of the platform, so that no other habit moves with it. Honest shops of one owner
bear one name. Nearly all are in order; a few leave a paper out or mistype the number, whoever they are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from bonafide.core.business_numbers.china import USCC_ALPHABET, uscc_of
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream, stream

PAPER_MISSING_FRACTION: Final = 0.05
"""Applications that leave one paper out."""
MISTYPED_FRACTION: Final = 0.01
"""Applications whose number has one sign wrong."""
PAPERS: Final = ("licence", "identity")
"""What every shop hands in."""
LICENCES: Final = {
    "groceries": "food_licence", "meals": "food_licence", "travel": "travel_licence", "courses": "school_licence",
    "top_up": "telecom_licence", "games": "telecom_licence", "gift_cards": "prepaid_filing",
}  # fmt: skip
"""Category -> what its shops hand in beside."""
_CITIES: Final = {
    "杭州": "330106", "宁波": "330203", "苏州": "320508", "南京": "320106", "广州": "440106", "深圳": "440305",
    "成都": "510107", "西安": "610113", "北京": "110105", "天津": "120104",
}  # fmt: skip
"""Where shops are registered, with the district's number of GB/T 2260."""
NAME_SIGNS: Final = (
    "明华兴盛达丰源泰和顺德信诚恒通利宏伟永昌鑫隆瑞祥福安康乐美佳嘉润泽海天龙腾飞翔云星辰日月光辉金银玉宝珍富贵荣"
    "春秋东西南北中大新力合众联创智远景胜凯旋博雅文轩清风雨林木森竹梅兰菊青山水江河湖"
)
"""What names of companies are made of."""
_TRADES: Final = {
    "groceries": "食品", "meals": "餐饮管理", "clothing": "服饰", "beauty": "化妆品", "home": "家居",
    "electronics": "数码科技", "appliances": "电器", "jewellery": "珠宝", "wholesale": "商贸", "travel": "旅行社",
    "courses": "教育科技", "entertainment": "文化传媒", "top_up": "通信技术", "games": "网络科技",
    "gift_cards": "电子商务",
}  # fmt: skip
"""Category -> how such companies call their trade."""


class Application(NamedTuple):
    """What is written into it, in the feed's forms."""

    legal_name: str
    registration_no: str
    documents: list[dict[str, str]]
    """Kind and id of each."""


def write_application(seed: int, shop: Shop) -> Application:
    """The application of a shop: the same whenever it is made and whatever else the simulation draws."""
    firm = stream(seed, f"firm {shop.owner if shop.ring < 0 else shop.id}")
    city, sign = firm.choice(sorted(_CITIES)), "".join(firm.sample(NAME_SIGNS, 3))
    own = stream(seed, f"application {shop.id}")
    number = _number(_CITIES[city], own)
    if own.random() < MISTYPED_FRACTION:
        number = _mistyped(number, own)
    trade = shop.category.name
    kinds = [*PAPERS, *([LICENCES[trade]] if trade in LICENCES else [])]
    if own.random() < PAPER_MISSING_FRACTION:
        kinds.remove(own.choice(kinds))
    papers = [{"kind": kind, "id": f"{shop.id}-{kind}"} for kind in kinds]
    return Application(f"{city}{sign}{_TRADES[trade]}有限公司", number, papers)


def _number(district: str, rng: Stream) -> str:
    """A unified social credit code of a company."""
    return uscc_of(district, "MA" + "".join(rng.choices(USCC_ALPHABET, k=6)))


def _mistyped(number: str, rng: Stream) -> str:
    """One of its digits is another one."""
    place = rng.choice([at for at, sign in enumerate(number) if sign.isdigit()])
    other = str((int(number[place]) + rng.randrange(1, 10)) % 10)
    return number[:place] + other + number[place + 1 :]
