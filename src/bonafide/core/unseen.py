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
_CONTROLS: Final = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff"
)
"""Controls that are no blanks, halves of pairs, and private signs, which every font shows as it likes or not at all."""
_UNSEEN: Final = re.compile(f"[{_IGNORABLE}{_BLANK}{_CONTROLS}]")
_ARABIC: Final = "\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
_INDIAN: Final = "\u0900-\u0dff"
_WITHOUT_BLANKS: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_SYMBOLS: Final = "\u2000-\u200a\u2010-\u2027\u2030-\u205e\u2070-\u27ff\u2801-\u2bff\u3000-\u303f\U0001f000-\U0001faff"
_LAWFUL: Final = re.compile(
    f"(?<=[{_ARABIC}{_INDIAN}])[\u200c\u200d](?=[{_ARABIC}{_INDIAN}])"
    f"|(?<=[{_ARABIC}])[\u200e\u200f]|[\u200e\u200f](?=[{_ARABIC}])"
    f"|(?<=[{_WITHOUT_BLANKS}])\u200b(?=[{_WITHOUT_BLANKS}])"
    f"|(?<=[{_SYMBOLS}])[\ufe0e\ufe0f]|(?<=[{_SYMBOLS}\ufe0f])\u200d(?=[{_SYMBOLS}])|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    "|(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    "|(?<=[\u1800-\u18af])[\u180b-\u180f]"
)
"""Where such a sign is spelling: joiners within Persian and Indian words, the direction of a Hebrew or Arabic one, ends
of words in Thai, Lao, Khmer and Burmese, the shape of a symbol, of a Han or of a Mongolian sign."""


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
