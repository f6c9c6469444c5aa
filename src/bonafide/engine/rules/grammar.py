"""Tokens to a tree of what was written, by Python's grammar and precedence; what is wrong is noted, and where the
meaning is plain the reading goes on."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from bonafide.core.text import shorten
from bonafide.engine.rules.foreign import FOREIGN, FOREIGN_WORDS, MEANT, NONE
from bonafide.engine.rules.lexer import KEYWORDS, Lexer, Note, OutOfOrderError, Token

Shape = Literal[
    "number", "text", "name", "truth", "none", "missing", "list", "call", "not", "-", "arithmetic", "compare", "and",
    "or", "bad",
]  # fmt: skip

PARTS_MAX: Final = 400
DEPTH_MAX: Final = 40
"""Levels of brackets, functions and operators in one another; a sum of n terms has n levels."""
ALTERNATIVES_MAX: Final = 1_000
"""Longest list written after `in`."""

_POWER: Final = {
    "or": 1, "and": 2, **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in", "not in", "is", "is not"), 4),
    "+": 5, "-": 5, "*": 6, "/": 6,
}  # fmt: skip
_NOT_POWER: Final = 3
_MINUS_POWER: Final = 7
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_OPERAND: Final = "expected a number, a field or a feature"


class Piece(NamedTuple):
    """A part of what was written."""

    shape: Shape
    value: Any
    """Of a number, text, truth: itself; of a name or call: the name; else the operators between the parts."""
    parts: tuple[Piece, ...]
    start: int
    end: int
    depth: int = 1


class Grammar:
    """Reads tokens. `shaky` says that part of the tree is a guess that nobody should judge further."""

    def __init__(self, text: str, note: Note) -> None:
        self.text = text
        self.note = note
        self.shaky = False
        self.tokens: list[Token] = []
        self._at = 0
        self._parts = 0
        self._depth = 0

    def run(self) -> Piece | None:
        """The tree of a whole expression; None where nothing can be made of it, and why was noted."""
        try:
            self.tokens = Lexer(self.text, self.note).run()
            if len(self.tokens) == 1:
                self._give_up(self.tokens[0], "the expression is empty", "write a condition, such as amount > 10000")
            tree = self._expression(0)
            if self._now.kind != "end":
                self._after_the_end(self._now)
        except OutOfOrderError:
            self.shaky = True
            return None
        return tree

    @property
    def _now(self) -> Token:
        return self.tokens[self._at]

    def _next(self) -> Token:
        token = self.tokens[self._at]
        self._at = min(self._at + 1, len(self.tokens) - 1)
        return token

    def _is(self, *texts: str) -> bool:
        return self._now.kind in ("op", "name") and self._now.text in texts

    def _give_up(self, token: Token, message: str, advice: str | None = None) -> None:
        self.note(token.start, token.end, message, advice)
        raise OutOfOrderError

    def _make(self, shape: Shape, value: Any, parts: tuple[Piece, ...], start: int, end: int) -> Piece:
        depth = 1 + max((p.depth for p in parts), default=0)
        self._parts += 1
        if depth > DEPTH_MAX:
            self._too_deep(start)
        if self._parts > PARTS_MAX:
            self.note(start, start + 1, f"an expression has at most {PARTS_MAX} parts", "make it several rules")
            raise OutOfOrderError
        return Piece(shape, value, parts, start, end, depth)

    def _too_deep(self, at: int) -> None:
        told = f"an expression has at most {DEPTH_MAX} levels of brackets, functions and operators in one another"
        self.note(at, at + 1, told, "make it several rules, or a feature")
        raise OutOfOrderError

    # Operators between operands

    def _expression(self, floor: int) -> Piece:
        """An expression whose operators bind at least as tightly as `floor`."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self._too_deep(self._now.start)
        left = self._prefix()
        while (found := self._peek_operator()) is not None and _POWER[found] >= floor:
            left = self._joined(left, found, _POWER[found])
        self._depth -= 1
        return left

    def _peek_operator(self) -> str | None:
        """The operator that comes next, as it is meant."""
        token = self._now
        if token.kind not in ("op", "name"):
            return None
        if token.text == "not" and self.tokens[self._at + 1].text == "in":
            return "not in"
        if token.text == "is" and self.tokens[self._at + 1].text == "not":
            return "is not"
        meant = MEANT[token.text][0] if token.kind == "op" and token.text in MEANT else token.text
        return meant if meant in _POWER else None

    def _take_operator(self, found: str) -> Token:
        """Take what `_peek_operator` found; notes where another language's word for it was used."""
        token = self._next()
        if found in ("not in", "is not"):
            return Token("op", found, token.start, self._next().end)
        if token.text in MEANT:
            self.note(token.start, token.end, MEANT[token.text][1], None)
        elif token.text in ("<", ">", "==", "!=") and self._is("=", "=="):
            last = self._next()
            found = found if found in ("==", "!=") else found + "="
            self.note(token.start, last.end, f"{token.text} {last.text} is written {found}", None)
            return Token("op", found, token.start, last.end)
        return Token("op", found, token.start, token.end)

    def _joined(self, left: Piece, found: str, power: int) -> Piece:
        """An operand and all that follows it by operators of one power."""
        if power > _POWER["=="]:
            op = self._take_operator(found)
            right = self._expression(power + 1)
            return self._make("arithmetic", op, (left, right), left.start, right.end)
        parts, ops = [left], []
        while (again := self._peek_operator()) is not None and _POWER[again] == power:
            op = self._take_operator(again)
            ops.append(op)
            parts.append(self._after_is(op) if op.text in ("is", "is not") else self._expression(power + 1))
        shape: Shape = "compare" if power == _POWER["=="] else "and" if power == _POWER["and"] else "or"
        return self._make(shape, tuple(ops), tuple(parts), left.start, parts[-1].end)

    def _after_is(self, op: Token) -> Piece:
        token = self._now
        if token.kind == "name" and token.text.lower() in {*NONE, "missing"}:
            self._next()
            if token.text != "missing":
                told = f"what is absent is called missing; write {op.text} missing"
                self.note(token.start, token.end, told, None)
            return Piece("missing", None, (), token.start, token.end)
        other = "!=" if op.text == "is not" else "=="
        self.note(op.start, op.end, f"after `{op.text}` only `missing` can stand; compare with {other}", None)
        self._expression(5)
        return Piece("bad", None, (), token.start, token.end)

    # Operands

    def _prefix(self) -> Piece:
        token = self._next()
        match token:
            case Token("number", text):
                return self._maybe_percent(self._make("number", float(text), (), token.start, token.end))
            case Token("text", text):
                return self._make("text", text, (), token.start, token.end)
            case Token("op", "(" | "[" | "{"):
                return self._bracket(token)
            case Token("op", "-"):
                part = self._expression(_MINUS_POWER)
                return self._make("-", token, (part,), token.start, part.end)
            case Token("op", "+"):
                self.note(token.start, token.end, "a number needs no + in front; leave it out", None)
                return self._expression(_MINUS_POWER)
            case Token("name", "not") | Token("op", "!" | "~"):
                if token.text != "not":
                    self.note(token.start, token.end, f"{token.text} is written not", None)
                part = self._expression(_NOT_POWER)
                return self._make("not", token, (part,), token.start, part.end)
            case Token("name", name) if name not in KEYWORDS or name in {"missing", "True", "False"}:
                return self._word(token)
        self._no_operand(token)
        raise AssertionError("unreachable")

    def _word(self, token: Token) -> Piece:
        if self._is("(") and self._now.end - self._now.start == 1 and token.text not in KEYWORDS:
            return self._call(token)
        if token.text in {"True", "False"}:
            return self._make("truth", token.text == "True", (), token.start, token.end)
        if token.text.lower() in {"true", "false"}:
            self.note(token.start, token.end, f"{token.text} is written {token.text.capitalize()}", None)
            return self._make("truth", token.text.lower() == "true", (), token.start, token.end)
        if token.text == "missing" or token.text.lower() in NONE - {"na", "empty"}:
            return self._make("none", token.text, (), token.start, token.end)
        return self._make("name", token.text, (), token.start, token.end)

    def _call(self, name: Token) -> Piece:
        opening = self._next()
        arguments = self._items(opening)
        return self._make("call", name, arguments, name.start, self.tokens[self._at - 1].end)

    def _bracket(self, opening: Token) -> Piece:
        if opening.text == "(" and not self._is(")"):
            inside = self._expression(0)
            if not self._is(","):
                self._close(opening)
                return inside._replace(start=opening.start, end=self.tokens[self._at - 1].end)
            self._next()
            items = (inside, *self._items(opening))
        else:
            items = self._items(opening)
        if len(items) > ALTERNATIVES_MAX:
            told = f"a list written here has at most {ALTERNATIVES_MAX} entries"
            self._give_up(opening, told, "put them into a file under lists/, and write in and its name")
        self._parts -= len(items)  # a list counts as one part
        return self._make("list", opening, items, opening.start, self.tokens[self._at - 1].end)

    def _items(self, opening: Token) -> tuple[Piece, ...]:
        """What stands between brackets, by commas, through the closing one."""
        items: list[Piece] = []
        while not self._is(_CLOSING[opening.text]) and self._now.kind != "end":
            if self._parts > PARTS_MAX - 2 and len(items) <= ALTERNATIVES_MAX:
                self._parts -= len(items) if len(items) > PARTS_MAX // 2 else 0
            items.append(self._expression(0))
            if not self._is(","):
                break
            comma = self._next()
            if self._is(","):
                self._give_up(comma, "expected something between the commas")
        self._close(opening)
        return tuple(items)

    def _close(self, opening: Token) -> None:
        closing, token = _CLOSING[opening.text], self._now
        if self._is(closing):
            self._next()
            return
        if token.kind == "end" or (token.kind == "op" and token.text in ")]}"):
            self._give_up(opening, f"this {opening.text} is never closed; write {closing} where it ends")
        if opening.text != "(" or (self.tokens[max(self._at - 1, 0)].kind == "text" and token.kind == "text"):
            self._give_up(token, f"expected , or {closing} before {self._shown(token)}")
        self._after_the_end(token)

    def _maybe_percent(self, number: Piece) -> Piece:
        """A number, and the % behind it that belongs to it where no operand follows."""
        after = self.tokens[min(self._at + 1, len(self.tokens) - 1)]
        operand = after.kind in ("number", "text") or (after.kind == "name" and after.text not in KEYWORDS)
        if not self._is("%") or operand or (after.kind == "op" and after.text == "("):
            return number
        sign = self._next()
        fraction = f"{number.value / 100:.12g}"
        fraction = f"{number.value / 100:.2f}" if len(fraction) < 4 else fraction
        told = f"shares are fractions of 1; write {fraction} for {number.value:g} %"
        self.note(number.start, sign.end, told, None)
        return number._replace(value=number.value / 100, end=sign.end)

    # What cannot go on

    def _shown(self, token: Token) -> str:
        return "the end" if token.kind == "end" else shorten(self.text[token.start : token.end])

    def _no_operand(self, token: Token) -> None:
        """Say what is missing where an operand should stand."""
        at = self.tokens.index(token)
        before = self.tokens[at - 1] if at else None
        opened = before is not None and before.kind == "op" and before.text in "([{,"
        if token.kind == "op" and token.text in ")]}" and before is None:
            self._give_up(token, f"this {token.text} closes nothing; delete it, or write what it should close")
        if before is None:
            self._give_up(token, f"expected a condition before {self._shown(token)}")
        assert before is not None
        if opened:
            self._give_up(token, f"expected something between {self._shown(before)} and {self._shown(token)}")
        what = "expected a condition" if before.text in {"and", "or", "not", "&&", "||"} else _OPERAND
        found = "" if token.kind == "end" else f", found {self._shown(token)}"
        if before.text in ("<", ">", "==", "!=", "in", "="):
            what = "expected a list" if before.text == "in" else "expected something to compare with"
        self._give_up(before if token.kind == "end" else token, f"{what} after {self._shown(before)}{found}")

    def _after_the_end(self, token: Token) -> None:
        """Say what is wrong with a token that follows a whole operand and joins it to nothing."""
        shown = self._shown(token)
        if token.kind == "op" and token.text in ")]}":
            self._give_up(token, f"this {shown} closes nothing; delete it, or write what it should close")
        if token.kind == "op" and token.text in FOREIGN:
            message, advice = FOREIGN[token.text]
            self._give_up(token, message, advice)
        at = self.tokens.index(token)
        before = self.tokens[at - 1]
        for odd in (token, before) if at == 1 else (token,):
            if odd.kind == "name" and odd.text.lower() in FOREIGN_WORDS:
                message, advice = FOREIGN_WORDS[odd.text.lower()]
                self._give_up(odd, message, advice)
        if token.text == "not" and self.tokens[at + 1].text == "missing":
            self._give_up(token, "is stands before not missing", "write x is not missing")
        if before.kind == "text" and before.end == token.start:
            end = before.start + 1
            self._give_up(before._replace(end=end), "the text that begins here has no closing quote, or one too early")
        if (
            before.kind == "name"
            and before.text not in KEYWORDS
            and token.kind == "name"
            and token.text not in KEYWORDS
        ):
            advice = f"write {before.text}_{token.text} if it is one name, or and / or between two conditions"
            self._give_up(token, f"expected an operator between {self._shown(before)} and {shown}", advice)
        if token.kind == "op" and token.text not in "([{":
            self._give_up(token, f"{shown} has no meaning here", "join conditions with and / or")
        self._give_up(token, f"expected and, or, or an operator before {shown}")
