"""Signs that nobody sees: a text with them looks like one without, and is another text to a machine."""

from __future__ import annotations

import re
from typing import Final

_IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, with the controls of direction among them."""
_BLANK: Final = "\u2800\ufff9-\ufffb"
"""Braille without a dot, and the marks of interlinear notes, which the property leaves out."""
_CONTROLS: Final = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff"
"""Controls that are no blanks, halves of pairs, and private signs, which every font shows as it likes or not at all."""
_UNSEEN: Final = re.compile(f"[{_IGNORABLE}{_BLANK}{_CONTROLS}]")
_LAWFUL: Final = re.compile(
    "(?<=[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff])[\u200c\u200d](?=[\u0600-\u06ff\u0750-\u077f\u0900-\u0dff])"
    "|(?<=[\u2000-\u2bff\u3000-\u303f\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
    "|(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
)
"""Where such a sign is spelling: joiners within Persian and Indian words, the shape of a symbol or of a Han sign."""


def drop_unseen(text: str) -> str:
    """A text without the signs that nobody sees; blanks stay.

    >>> drop_unseen("Go\\u200blden Lo\\u00adtus")
    'Golden Lotus'
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


def has_hidden(text: str) -> bool:
    """Whether a text has signs that nobody sees where no spelling asks for them.

    >>> has_hidden("Go\\u200blden"), has_hidden("\\u0645\\u06cc\\u200c\\u062e\\u0648\\u0627\\u0647\\u0645")
    (True, False)
    """
    return not (text.isascii() and text.isprintable()) and _UNSEEN.search(_LAWFUL.sub("", text)) is not None
