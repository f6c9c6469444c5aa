"""Names of companies brought to forms in which the same name is the same text, however it was written.

`plain` folds width, case, traditional characters, signs, what nobody sees and the legal form (有限公司, GmbH, Ltd);
`skeleton` folds characters that look alike as well (Unicode TS 39), so that two names with one skeleton and two plain
forms are alike to the eye only.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from bonafide.core.unseen import drop_unseen, has_hidden

NAME_LENGTH_MAX: Final = 200
"""Of a longer name the beginning counts."""
_CHINESE_FORMS: Final = sorted(
    re.findall(
        r"\w+",
        "股份有限责任公司 股份有限公司 有限责任公司 有限公司 集团公司 总公司 分公司 公司 集团 个体工商户 株式会社 "
        "有限合伙 普通合伙 特殊普通合伙 合伙企业 有限合伙企业 普通合伙企业 合伙企业有限合伙 合伙企业普通合伙 "
        "合伙企业特殊普通合伙 个人独资企业",
    ),
    key=lambda form: -len(form),
)
"""The longest first, since some end in others."""
_WESTERN_FORMS: Final = frozenset(
    re.findall(
        r"\w+",
        "gmbh ag kg ohg ug gbr ek mbh ltd limited llc llp lp plc inc incorporated corp corporation co company sarl sas "
        "sasu sa eurl sci bv nv vof spa srl snc sl slu oy oyj ab hb as asa aps kft zrt bt sro doo dd ood eood jsc oo "
        "spzoo uab sia ou ee lda unipessoal the pty pte cy und and se kgaa bhd sdn pvt ооо оао зао пао ао ип "
        "aktiengesellschaft kommanditgesellschaft unternehmergesellschaft aktiebolag aktieselskab anpartsselskab "
        "aksjeselskap osakeyhtio",
    )
)
_LOOKING_LONG_MIN: Final = 4
"""A word of so many letters that looks like a legal form is one; shorter ones are other words too."""
_PHRASES: Final = re.compile(
    r"\b(?:sp z oo|sa rl|s r ?l|s r o|s p a|e k|[aik] ?/ ?s|a s|"
    "gesellschaft mit beschrankter haftung|offene handelsgesellschaft|eingetragener kaufmann|"
    "eingetragene kauffrau|haftungsbeschrankt|spolka akcyjna|spolka jawna|spolka komandytowa|"
    "spolka z ograniczona odpowiedzialnoscia|societe anonyme|societe a responsabilite limitee|"
    "entreprise unipersonnelle a responsabilite limitee|societe par actions simplifiee(?: unipersonnelle)?|"
    "societe en nom collectif|societe civile immobiliere|societa per azioni|societa a responsabilita limitata|"
    "sociedad anonima|sociedad limitada|sociedad de responsabilidad limitada|sociedade anonima|sociedade limitada|"
    "besloten vennootschap|naamloze vennootschap|spolecnost s rucenim omezenym|akciova spolecnost|"
    "spolocnost s rucenim obmedzenym|akciova spolocnost|drustvo s ogranicenom odgovornoscu|"
    "korlatolt felelossegu tarsasag|societate cu raspundere limitata|private limited company|public limited company|"
    "limited liability company|limited liability partnership|limited partnership|"
    r"общество с ограниченнои ответственностью|(?:публичное |закрытое )?акционерное общество)\b"
)
"""Legal forms of several words, once accents and the dots within are gone."""
_STROKES: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that no normal form takes apart."""
_WORD: Final = re.compile(r"[^\W_]+")
_DOTTED: Final = re.compile(r"(?<=\w)[.&'’](?=\w|\s|$)")
"""Signs within a legal form such as `S.A.R.L.` or `e.K.`."""
_SMALL_CAPITALS: Final = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
"""Which Unicode's table leaves out, for the greater part."""
_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts whose letters are taken for one another."""


class Folded(NamedTuple):
    """A name in the forms that are compared."""

    plain: str
    skeleton: str
    mixed: bool
    """Whether one word has letters of two scripts that look alike."""
    hidden: bool
    """Whether it has signs that nobody sees where no spelling asks for them."""


@cache
def simplified() -> dict[int, int]:
    """Traditional characters -> simplified ones, by OpenCC's table; of several the first."""
    told = (files("opencc") / "dictionary" / "TSCharacters.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in told.splitlines() if "\t" in line)
    return {ord(old): ord(new.split()[0]) for old, new in pairs if len(old) == 1 and len(new.split()[0]) == 1}


@cache
def look_alikes() -> dict[int, str]:
    """Characters that look like a Latin letter or another one that stands for it -> that letter."""
    told = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8"))
    found: dict[int, str] = {}
    letters = [chr(code) for first in "aA" for code in range(ord(first), ord(first) + 26)]
    for letter in letters:
        for one in told.get(letter, ()):
            like = one["c"].strip("\u200e")
            if len(like) == 1 and not (like.isascii() and like.isalpha()) and not _HAN.match(like):
                found.setdefault(ord(like), letter)
    return found | {ord(small): letter for small, letter in _SMALL_CAPITALS.items()} | {ord("0"): "o", ord("1"): "l"}


@lru_cache(maxsize=65_536)
def fold(name: str) -> Folded:
    """The folded forms of a name; empty where nothing is left of it.

    >>> fold("明華貿易（上海）有限公司").plain == fold("明华贸易(上海)").plain
    True
    >>> fold("Müller & Söhne GmbH").plain, fold("ACME  Ltd.").plain
    ('muller sohne', 'acme')
    >>> fold("Аcme Ltd").plain == fold("Acme Ltd").plain, fold("Аcme Ltd").skeleton == fold("Acme Ltd").skeleton
    (False, True)
    """
    text = unicodedata.normalize("NFKC", drop_unseen(name)[:NAME_LENGTH_MAX])
    alike = text.translate(look_alikes())
    return Folded(_words(text, _as_it_is), _words(alike, _looks), _is_mixed(text), has_hidden(name))


def _words(text: str, look: Callable[[str], str]) -> str:
    text = _DOTTED.sub("", text.casefold().translate(simplified()))
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not _is_mark(sign))
        text = unicodedata.normalize("NFC", text).translate(_STROKES)
    text = text.replace(".", " ")
    words = _WORD.findall(_PHRASES.sub(" ", text)) or _WORD.findall(text)
    forms = _looking_forms(look)
    kept = [look(word) for word in words if word not in _WESTERN_FORMS and look(word) not in forms]
    kept = kept or [look(word) for word in words]
    if any(map(_HAN.search, kept)):
        return _without_chinese_form("".join(kept))  # spaces mean nothing there
    return " ".join(sorted(kept))


@cache
def _looking_forms(look: Callable[[str], str]) -> frozenset[str]:
    return frozenset(look(form) for form in _WESTERN_FORMS if len(form) >= _LOOKING_LONG_MIN)


def _as_it_is(word: str) -> str:
    return word


def _without_chinese_form(name: str) -> str:
    form = next((form for form in _CHINESE_FORMS if name.endswith(form) and name != form), "")
    return name.removesuffix(form)


def _looks(word: str) -> str:
    """A word as the eye takes it: `I`, `l` and `1` are one stroke, `rn` is `m` and `vv` is `w`."""
    return word.replace("i", "l").replace("rn", "m").replace("vv", "w")


def _is_mark(sign: str) -> bool:
    return unicodedata.combining(sign) != 0 or unicodedata.category(sign) == "Me"


def _is_mixed(text: str) -> bool:
    for word in _WORD.findall(text):
        scripts = {script for sign in word if sign.isalpha() and (script := _script(sign)) is not None}
        if len(scripts) > 1:
            return True
    return False


@lru_cache(maxsize=4_096)
def _script(sign: str) -> str | None:
    name = unicodedata.name(sign, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), None)


@lru_cache(maxsize=65_536)
def fold_address(address: str) -> str:
    """An address without width, case, traditional characters, spaces and signs, 号 and 號 alike.

    >>> fold_address("上海市 種子路７號") == fold_address("上海市种子路7号")
    True
    """
    text = unicodedata.normalize("NFKC", drop_unseen(address)[:NAME_LENGTH_MAX]).casefold().translate(simplified())
    return "".join(_WORD.findall(text))
