"""Businesses made up: names as people give them, numbers that hold, everything else their own."""

from __future__ import annotations

from random import Random
from typing import Final

from bonafide.core.business_numbers.china import USCC_ALPHABET, uscc_of
from bonafide.core.business_numbers.europe import VAT, is_vat
from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.life.applications import NAME_SIGNS
from bonafide.office.merchants.application import Application, Paper
from bonafide.office.merchants.checklist import needed


def _words(text: str) -> list[str]:
    return text.split()


NOW_MS: Final = 1_767_600_000_000
_CITIES: Final = _words(
    "北京 上海 广州 深圳 杭州 南京 苏州 成都 重庆 武汉 西安 天津 宁波 青岛 长沙 郑州 厦门 合肥 福州 东莞"
)
_CITY_CODES: Final = _words(
    "110105 310106 440106 440305 330106 320106 320508 510107 500103 420106 610113 120104 330203"
)
_TRADES: Final = _words("贸易 商贸 科技 电子商务 服饰 食品 信息技术 文化传媒 餐饮管理 百货 化妆品 家居 数码 珠宝 旅游")
_FORMS: Final = _words("有限公司 有限公司 有限公司 有限责任公司 股份有限公司")
_WORDS: Final = _words(
    "Alpen Nord Stern Adler Rhein Berg Licht Haus Kraft Werk Blau Silber Porto Mare Sole Luna Terra Monte Vista Rosa "
    "Verde Bella Casa Jardin Soleil Etoile Lumiere Maison Atelier Comptoir Galerie Harbor Summit Cedar Maple Granite "
    "Copper Falcon Pioneer Liberty Prairie Canyon Meadow Orchard Beacon Anchor"
)
_SYLLABLES: Final = _words("ba co da el fi gu hal in ka lor mi nov or pra qui ros sa tel un vor wes xan zu mar lin")
_TRADES_WEST: Final = _words("Handel Trading Mode Digital Foods Market Design Sport Optik Living Studio Supply Elektro")
_FORM_OF: Final = {
    "DE": "GmbH", "FR": "SARL", "IT": "S.r.l.", "ES": "S.L.", "NL": "B.V.", "PL": "Sp. z o.o.", "US": "LLC",
    "AT": "GmbH",
}  # fmt: skip
_COUNTRIES: Final = ("CN",) * 12 + ("DE", "FR", "IT", "ES", "NL", "PL", "AT") + ("US",) * 2
CATEGORIES: Final = ("clothing", "electronics", "groceries", "home", "beauty", "games", "travel", "toys", "courses")
_STREETS: Final = _words("人民路 中山路 解放路 建设路 延安路 和平路 新华路 文化路 长江路 黄河路 南京路 北京路")
_OPENED_DAYS: Final = (150, 9_000)


class Maker:
    """Makes businesses, no two of which share anything unless they are told to."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._made = 0

    def country(self) -> str:
        """Where a business may be."""
        return self.random.choice(_COUNTRIES)

    def name(self, country: str) -> str:
        """A company's name as it is registered there."""
        pick = self.random.choice
        if country == "CN":
            sign = "".join(self.random.sample(NAME_SIGNS, self.random.choice((2, 2, 2, 3))))
            return f"{pick(_CITIES)}{pick(('', '市'))}{sign}{pick(_TRADES)}{pick(_FORMS)}"
        coined = "".join(self.random.choices(_SYLLABLES, k=self.random.choice((2, 3)))).title()
        return f"{coined} {pick(_WORDS)} {pick(_TRADES_WEST)} {_FORM_OF[country]}"

    def number(self, country: str) -> str:
        """A registration number that holds."""
        if country == "CN":
            district = self.random.choice(_CITY_CODES)
            return uscc_of(district, "MA" + "".join(self.random.choices(USCC_ALPHABET, k=6)))
        if country == "US":
            return f"{self.random.choice(('12', '20', '35', '47', '81'))}-{self.random.randrange(1, 10**7):07d}"
        while True:
            number = country + self._vat_body(country)
            if country in VAT and is_vat(number):
                return number

    def _vat_body(self, country: str) -> str:
        digits = f"{self.random.randrange(10**10, 10**11)}"
        return {
            "DE": digits[:9], "FR": digits[:11], "IT": digits[:11], "NL": f"{digits[:9]}B01", "PL": digits[:10],
            "AT": f"U{digits[:8]}", "ES": f"B{digits[:8]}",
        }[country]  # fmt: skip

    def business(self, country: str | None = None, category: str | None = None) -> Application:
        """A genuine business with everything of its own."""
        self._made += 1
        n, random = self._made, self.random
        country, category = country or self.country(), category or random.choice(CATEGORIES)
        return Application(
            merchant=f"m{n}", legal_name=self.name(country), registration_no=self.number(country),
            representative=f"person-{n}", category=category,
            address=f"{random.choice(_CITIES)}市{random.choice(_STREETS)}{random.randrange(1, 2000)}号{n}室",
            account=f"account-{n}", phone=f"1{random.randrange(3, 10)}{n:09d}", devices=(f"device-{n}",),
            opened_on_ms=NOW_MS - random.randrange(*_OPENED_DAYS) * DAY_MS,
            papers=tuple(Paper(kind, f"paper-{n}-{kind}") for kind in needed(category)),
        )  # fmt: skip
