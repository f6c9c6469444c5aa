"""What a program is written in: the operations, and where an event's fields stand in its row.

A program's registers are float64: the features of the event first, then constants, then the result of each condition,
then temporaries. A truth is 1.0, 0.0 or NaN (unknown); a missing number is NaN.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from bonafide.core.fields import FIELDS

LOCAL_HOUR: Final = len(FIELDS)
LOCAL_DAY: Final = LOCAL_HOUR + 1
BROUGHT_HOME: Final = LOCAL_DAY + 1
OWN_PAYMENTS: Final = BROUGHT_HOME + 1
OWN_AMOUNT: Final = OWN_PAYMENTS + 1
EARLIER_LOOPS: Final = OWN_AMOUNT + 1
LOOPS_CLOSED: Final = EARLIER_LOOPS + 1
LOOP_SHARE: Final = LOOPS_CLOSED + 1
LOOP_HOPS: Final = LOOP_SHARE + 1
LOOP_DELAY_S: Final = LOOP_HOPS + 1
SHARES: Final = LOOP_DELAY_S + 1
LINE_IN_USE: Final = SHARES + 1
TYPE: Final = LINE_IN_USE + 1
CARRIED: Final = TYPE + 1
CARRIED_MAX: Final = 32
"""Answers of features that an event carries on to its other keys."""
ROW_WIDTH: Final = CARRIED + CARRIED_MAX
"""Words of an event's row: every field of the schema, the derived ones, the code of its type, what it carries on."""
PLACES: Final = {
    **{name: f.place for name, f in FIELDS.items()}, "local_hour": LOCAL_HOUR, "local_day": LOCAL_DAY,
    "brought_home": BROUGHT_HOME, "own_payments": OWN_PAYMENTS, "own_amount": OWN_AMOUNT,
    "earlier_loops": EARLIER_LOOPS, "loops_closed": LOOPS_CLOSED, "loop_share": LOOP_SHARE, "loop_hops": LOOP_HOPS,
    "loop_delay_s": LOOP_DELAY_S, "shares": SHARES, "line_in_use": LINE_IN_USE, "type": TYPE,
}  # fmt: skip


class Op(IntEnum):
    """What an instruction does; `a` and `b` are registers unless said, and the result goes to register `d`."""

    FIELD = 0  # the number at place a, divided by b
    SAME_AS_FIELD = 1  # the fields at places a and b are equal
    ONE_OF = 2  # the field at place a is among words[b + 1 : b + 1 + words[b]], which are sorted
    ABSENT_FIELD = 3  # the field at place a is absent
    SKIP = 4  # unless register a is true, go on at instruction b; columns pass over it
    LT = 5
    LE = 6
    GT = 7
    GE = 8
    EQ = 9
    NE = 10
    AND = 11
    OR = 12
    NOT = 13
    ADD = 14
    SUB = 15
    MUL = 16
    DIV = 17
    MIN = 18
    MAX = 19
    ABS = 20
    COALESCE = 21
    ROUND_TO = 22
    IS_MISSING = 23  # whether register a is missing


FIELD, SAME_AS_FIELD, ONE_OF, ABSENT_FIELD, SKIP, LT, LE, GT, GE, EQ, NE = (int(o) for o in list(Op)[:11])
AND, OR, NOT, ADD, SUB, MUL, DIV, MIN, MAX, ABS, COALESCE, ROUND_TO, IS_MISSING = (int(o) for o in list(Op)[11:])
ON_ROW: Final = frozenset({Op.FIELD, Op.SAME_AS_FIELD, Op.ONE_OF, Op.ABSENT_FIELD})
"""Operations whose operands are no registers."""
ON_ONE: Final = frozenset({Op.NOT, Op.ABS, Op.IS_MISSING, Op.SKIP})
"""Operations with one operand."""
UNARY: Final = {"not": Op.NOT, "abs": Op.ABS, "is missing": Op.IS_MISSING}
BINARY: Final = {
    "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE, "==": Op.EQ, "!=": Op.NE, "and": Op.AND, "or": Op.OR,
    "+": Op.ADD, "-": Op.SUB, "*": Op.MUL, "/": Op.DIV, "min": Op.MIN, "max": Op.MAX, "coalesce": Op.COALESCE,
    "round_to": Op.ROUND_TO,
}  # fmt: skip
