"""Every text of the console, in Chinese and English: one table, texts.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
TABLE: Final = Path(__file__).with_name("texts.yaml")


@cache
def table() -> Mapping[str, tuple[str, str]]:
    """Key -> (zh, en)."""
    read = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {f"{group}.{key}": (zh, en) for group, texts in read.items() for key, (zh, en) in texts.items()}


class Texts:
    """The texts of one language.

    >>> Texts("en")("state.open"), Texts("zh")("state.open")
    ('open', '待处理')
    """

    def __init__(self, language: Language) -> None:
        self.language: Final = language
        self._place = LANGUAGES.index(language)

    def __call__(self, key: str, **values: Any) -> str:
        """A text; KeyError for one that the table does not have."""
        text = table()[key][self._place]
        return text.format(**values) if values else text

    def word(self, group: str, name: object) -> str:
        """A word that the API says, as people read it; one that the table does not have stays as it is."""
        found = table().get(f"{group}.{name}")
        return str(name) if found is None else found[self._place]

    def of(self, told: Mapping[str, Any]) -> str:
        """A text that comes in both languages, in this one."""
        return str(told.get(self.language) or told.get("en") or "")


def language_of(cookie: str | None, accepts: str) -> Language:
    """The language that somebody chose, or else the first that their browser asks for.

    >>> language_of("en", "zh-CN,zh"), language_of(None, "zh-CN,zh;q=0.9,en"), language_of("xx", "de,en;q=0.5")
    ('en', 'zh', 'en')
    """
    if cookie in LANGUAGES:
        return cookie
    for asked in accepts.lower().split(","):
        begins = asked.strip()[:2]
        if begins in LANGUAGES:
            return begins
    return "en"
