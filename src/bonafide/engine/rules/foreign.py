"""What people write out of habit from other languages, and what it is called here."""

from __future__ import annotations

from typing import Final

MEANT: Final = {
    "=": ("==", "= does not compare; write =="), ":=": ("==", ":= does not compare; write =="),
    "===": ("==", "=== is written =="), "!==": ("!=", "!== is written !="), "<>": ("!=", "<> is written !="),
    "=>": (">=", "=> is written >="), "=<": ("<=", "=< is written <="),
    "&&": ("and", "&& is written and"), "&": ("and", "& is written and"),
    "||": ("or", "|| is written or"), "|": ("or", "| is written or"),
}  # fmt: skip
"""Operators of other languages: what is meant, and what is said."""
FOREIGN: Final = {
    "**": ("there are no powers", "write a product, such as amount * amount"),
    "//": ("there is no division without remainder", "write /, and compare with a range"),
    "%": ("there is no remainder of a division", "round figures: amount == round_to(amount, 10000)"),
    ".": ("a name has no parts", "fields stand alone: write amount, not payment.amount"),
    "[": ("nothing can be picked out by number", None),
    ";": ("one rule is one expression", "join conditions with and / or"),
    "{": ("braces have no meaning here", None),
}  # fmt: skip
FOREIGN_WORDS: Final = {
    "between": ("there is no between", "write 5 <= x <= 10, which takes in both ends"),
    **dict.fromkeys(("contains", "like", "matches", "startswith", "endswith"), (
        "a text is compared as a whole", "write == 'text', or in ['a', 'b'], or in the name of a list")),
    **dict.fromkeys(("if", "else", "then", "when", "unless", "where"), (
        "a condition has no branches", "join conditions with and / or; each case can be a rule of its own")),
    "xor": ("there is no xor", "write (a and not b) or (b and not a)"),
    "equals": ("equality is written ==", None), "eq": ("equality is written ==", None),
    "gt": ("greater is written >", None), "lt": ("less is written <", None),
    "missing": ("missing comes after is", "write x is missing, or x is not missing"),
}  # fmt: skip
NONE: Final = frozenset({"none", "null", "nil", "nan", "na", "empty", "undefined"})
