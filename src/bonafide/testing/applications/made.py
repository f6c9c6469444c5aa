"""A corpus of applications: each as somebody would make it, with the findings that a review should come to.

What is wrong is done to an application the way it happens (a finger slips, a letter is exchanged for one that looks
like it, a closed merchant's telephone rings again), without knowing what a review looks at or from where on it minds.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from msgspec.structs import replace

from bonafide.core.moment import DAY_MS
from bonafide.office.merchants.application import Application, Merchant, Owner, Paper, Standing
from bonafide.office.merchants.screening import Entity
from bonafide.testing.applications.businesses import NOW_MS, Maker

MERCHANTS: Final = 2_000
FALLEN_OF: Final = 10
"""One merchant of so many is closed or suspended."""
ENTITIES: Final = 400
EACH: Final = 12
"""Applications of each kind."""
LOOKS: Final = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "i": "і", "A": "Α", "B": "Β", "M": "М",
                "S": "Ѕ", "T": "Т", "H": "Н", "l": "1", "O": "0"}  # fmt: skip
"""Letters and others that look like them."""
_VARIANTS: Final = str.maketrans("华达丰顺诚兴龙飞", "華達豐順誠興龍飛")


class Case(NamedTuple):
    """One application of the corpus."""

    kind: str
    application: Application
    expected: frozenset[str]
    """Findings that a review should have; others that ask for something are wrong."""
    honest: bool
    owner: Owner | None = None


class Corpus(NamedTuple):
    """What is reviewed, and against what."""

    merchants: list[Merchant]
    entities: list[Entity]
    cases: list[Case]


class _World:
    def __init__(self, seed: int, merchants: int) -> None:
        self.random = Random(seed)
        self.maker = Maker(self.random)
        self.merchants = [Merchant(self.maker.business(), self._standing()) for _ in range(merchants)]
        self.entities = [self._entity(n) for n in range(ENTITIES)]

    def _standing(self) -> Standing:
        fallen: Standing = self.random.choice(("closed", "suspended"))
        return fallen if self.random.randrange(FALLEN_OF) == 0 else "active"

    def _entity(self, n: int) -> Entity:
        country = self.maker.country()
        names = tuple(self.maker.name(country) for _ in range(self.random.choice((1, 1, 2))))
        return Entity(f"e{n}", "Company", names, frozenset({country}), (self.maker.number(country),))

    def other(self, *, fallen: bool, western: bool = False) -> Application:
        """Somebody who is there already."""
        while True:
            one = self.random.choice(self.merchants)
            if (one.standing != "active") == fallen and (not western or one.application.legal_name.isascii()):
                return one.application


Kind = Callable[[_World, Application], tuple[Application, set[str]] | tuple[Application, set[str], Owner]]


def make(seed: int, each: int = EACH, merchants: int = MERCHANTS) -> Corpus:
    """The corpus of a seed: the same seed, the same corpus."""
    world, cases = _World(seed, merchants), []
    for name, (kind, honest) in KINDS.items():
        for _ in range(each):
            told = kind(world, world.maker.business())
            owner = told[2] if len(told) == 3 else Owner("merchant", told[0].merchant)
            cases.append(Case(name, told[0], frozenset(told[1]), honest, owner))
    return Corpus(world.merchants, world.entities, cases)


def slip(random: Random, number: str) -> str:
    """A number as it is typed when a finger slips: a wrong sign of its kind, two swapped, one lost, one twice."""
    while True:
        at = random.randrange(1, len(number) - 1)
        way = random.choice(("wrong", "wrong", "wrong", "swapped", "swapped", "lost", "twice"))
        if way == "wrong":
            signs = "0123456789" if number[at].isdigit() else "ABCDEFGHJKLMNPQRTUWXY"
            told = number[:at] + random.choice(signs) + number[at + 1 :]
        elif way == "swapped":
            told = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        elif way == "lost":
            told = number[:at] + number[at + 1 :]
        else:
            told = number[: at + 1] + number[at:]
        if told != number:
            return told


def disguise(random: Random, name: str) -> str:
    """A name with one or two letters exchanged for others that look like them."""
    places = [at for at, sign in enumerate(name[: name.rindex(" ")]) if sign in LOOKS]
    for at in random.sample(places, min(len(places), random.choice((1, 2)))):
        name = name[:at] + LOOKS[name[at]] + name[at + 1 :]
    return name


def _genuine(world: _World, one: Application) -> tuple[Application, set[str]]:
    return one, set()


def _typo(world: _World, one: Application) -> tuple[Application, set[str]]:
    return replace(one, registration_no=slip(world.random, one.registration_no)), {"registration_typo"}


def _malformed(world: _World, one: Application) -> tuple[Application, set[str]]:
    random = world.random
    told = random.choice((
        "N/A", "无", "pending", "000000000000000000", one.phone or "", one.registration_no[:7],
        one.legal_name[:20], "".join(random.choices("0123456789", k=12)), "x" * 18, "见附件", "123456789012345678",
        "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=15)),
    ))  # fmt: skip
    return replace(one, registration_no=told), {"registration_malformed"}


def _borrowed(world: _World, one: Application) -> tuple[Application, set[str]]:
    return replace(one, registration_no=world.other(fallen=False).registration_no), {"borrowed_registration"}


def _agent(world: _World, one: Application) -> tuple[Application, set[str]]:
    """One person who lends their name to many."""
    for _ in range(world.random.randrange(7, 15)):
        shop = replace(world.maker.business(), representative=one.representative)
        world.merchants.append(Merchant(shop, "active"))
    return one, {"representative_of_many"}


def _chain(world: _World, one: Application) -> tuple[Application, set[str], Owner]:
    """An owner with another shop or two, who may be paid for all of them on the first one's account."""
    owner = Owner("person", one.representative)
    for _ in range(world.random.randrange(1, 3)):
        shop = replace(world.maker.business(), representative=one.representative, phone=one.phone, account=one.account)
        world.merchants.append(Merchant(shop, "active"))
        owner = world.random.choice((owner, Owner("merchant", shop.merchant)))
    return one, set(), owner


def _returning(world: _World, one: Application) -> tuple[Application, set[str]]:
    """Somebody who was closed comes back under another name, now and then with hardly anything or nothing in common."""
    gone = world.other(fallen=True)
    way = world.random.choice(("representative", "account", "contact", "place", "name", "device", "nothing"))
    if way == "representative":
        back = replace(one, representative=gone.representative)
    elif way == "account":
        back = replace(one, account=gone.account)
    elif way == "contact":
        back = replace(one, phone=gone.phone, devices=gone.devices)
    elif way == "place":
        back = replace(one, phone=gone.phone, address=gone.address)
    elif way == "device":
        back = replace(one, devices=gone.devices)
    elif way == "nothing":
        back = one
    else:
        back = replace(one, legal_name=gone.legal_name.translate(_VARIANTS), devices=gone.devices)
    return back, {"relative_of_closed"}


def _recycled_phone(world: _World, one: Application) -> tuple[Application, set[str]]:
    """A telephone number that a closed merchant had before."""
    return replace(one, phone=world.other(fallen=True).phone), {"near_closed"}


def _new_tenant(world: _World, one: Application) -> tuple[Application, set[str]]:
    return replace(one, address=world.other(fallen=True).address), set()


def _homoglyph(world: _World, one: Application) -> tuple[Application, set[str]]:
    known = world.other(fallen=False, western=True)
    while (name := disguise(world.random, known.legal_name)) == known.legal_name:
        known = world.other(fallen=False, western=True)
    letters = {"name_mixed_scripts"} if any(not sign.isascii() for sign in name) else set()
    return replace(one, legal_name=name), {"name_homoglyph"} | letters


def _listed_name(world: _World, one: Application) -> tuple[Application, set[str]]:
    country = "CN" if one.registration_no.startswith("91") else one.registration_no[:2]
    entity = world.random.choice([e for e in world.entities if country in e.countries] or world.entities)
    name = world.random.choice(entity.names)
    way = world.random.choice(("as listed", "case", "variant", "order", "slip"))
    if way == "case":
        name = name.upper()
    elif way == "variant":
        name = name.translate(_VARIANTS).replace("有限公司", "有限责任公司")
    elif way == "order" and name.isascii():
        name = " ".join(reversed(name.split(" ")[:-1]))
    elif way == "slip":
        at = world.random.randrange(1, 4)
        name = name[:at] + name[at + 1 :]
    return replace(one, legal_name=name), {"screening_name"}


def _listed_number(world: _World, one: Application) -> tuple[Application, set[str]]:
    number = world.random.choice(world.entities).identifiers[0]
    return replace(one, registration_no=number), {"screening_identifier"}


def _namesake(world: _World, one: Application) -> tuple[Application, set[str]]:
    """Another city's company of the same trade name, or another trade of the same city's."""
    known = world.other(fallen=False)
    name = known.legal_name
    if name.isascii():
        name = name.replace(name.split(" ")[2], world.random.choice(("Optik", "Sport", "Foods")))
    else:
        name = world.random.choice(("常州", "无锡", "济南", "昆明")) + name[2:].removeprefix("市")
    return replace(one, legal_name=name), set()


def _franchise(world: _World, one: Application) -> tuple[Application, set[str]]:
    """One of many shops under one brand, each somebody's own."""
    brand = world.maker.name("CN")
    for branch in ("静安店", "浦东店", "徐汇店"):
        shop = replace(world.maker.business("CN"), legal_name=f"{brand}{branch}", category=one.category)
        world.merchants.append(Merchant(shop, "active"))
    return replace(one, legal_name=f"{brand}虹口店"), set()


def _mall(world: _World, one: Application) -> tuple[Application, set[str]]:
    """A stall among others under one roof."""
    for _ in range(world.random.randrange(2, 40)):
        world.merchants.append(Merchant(replace(world.maker.business("CN"), address=one.address), "active"))
    return one, set()


def _personal_account(world: _World, one: Application) -> tuple[Application, set[str], Owner]:
    owner = world.random.choice((Owner("user", "u77"), Owner("person", "person-of-nobody"), Owner("merchant", "m1")))
    return one, {"account_of_other"}, owner


def _lent_account(world: _World, one: Application) -> tuple[Application, set[str]]:
    return replace(one, account=world.other(fallen=False).account), {"account_shared"}


def _again(world: _World, one: Application) -> tuple[Application, set[str]]:
    known = world.other(fallen=False)
    name = known.legal_name.translate(_VARIANTS).replace("有限公司", " 有限公司")
    return replace(
        one, legal_name=name, registration_no=f" {known.registration_no.lower()} ", representative=known.representative,
        account=known.account,
    ), {"duplicate_application"}  # fmt: skip


def _no_papers(world: _World, one: Application) -> tuple[Application, set[str]]:
    kept = world.random.sample(one.papers, world.random.randrange(len(one.papers)))
    return replace(one, papers=tuple(kept)), {"documents_missing"}


def _other_licence(world: _World, one: Application) -> tuple[Application, set[str]]:
    papers = (*one.papers[:2], Paper("travel_licence", f"{one.merchant}-t"))
    return replace(one, category="groceries", papers=papers), {"documents_missing", "licence_category"}


def _copied_paper(world: _World, one: Application) -> tuple[Application, set[str]]:
    papers = (replace(one.papers[0], id=world.other(fallen=False).papers[0].id), *one.papers[1:])
    return replace(one, papers=papers), {"document_shared"}


def _young(world: _World, one: Application) -> tuple[Application, set[str]]:
    return replace(one, opened_on_ms=NOW_MS - world.random.randrange(1, 45) * DAY_MS), {"business_young"}


def _not_open(world: _World, one: Application) -> tuple[Application, set[str]]:
    return replace(one, opened_on_ms=NOW_MS + world.random.randrange(10, 400) * DAY_MS), {"opened_in_future"}


KINDS: Final[dict[str, tuple[Kind, bool]]] = {
    "genuine": (_genuine, True), "typo": (_typo, True), "malformed": (_malformed, False),
    "borrowed number": (_borrowed, False), "one person for many": (_agent, False), "two shops": (_chain, True),
    "closed and back": (_returning, False), "recycled phone": (_recycled_phone, True),
    "new tenant": (_new_tenant, True), "homoglyph name": (_homoglyph, False), "listed name": (_listed_name, False),
    "listed number": (_listed_number, False), "namesake": (_namesake, True), "franchise": (_franchise, True),
    "in a mall": (_mall, True), "somebody else's account": (_personal_account, False),
    "another merchant's account": (_lent_account, False), "applies again": (_again, True),
    "no papers": (_no_papers, True), "another licence": (_other_licence, True),
    "another's paper": (_copied_paper, False), "young": (_young, True), "not open yet": (_not_open, True),
}  # fmt: skip
"""Kind -> how it is made, and whether its applicant is honest."""
