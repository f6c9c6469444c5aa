"""Where things stand: in the plan (what a kernel is told) and in a key's row and ring (what it keeps).

A *family* is all features that share a key. Each key of a family has one row. The events that some feature of the
family counts stand in the row's ring, oldest first, each with its time, its flags and the raw values that features
take. A window is one tail into the ring, which only advances, and its sums stand in the row: what enters is added,
what leaves is subtracted, exactly, in integers. The first entries of a ring lie inside the row; beyond that it moves
to segments of its own. A ring beyond SMALL entries has tables and deques, so that no answer needs a scan.
"""

from __future__ import annotations

from typing import Final

SMALL: Final = 32
"""Rings up to this many entries are scanned; larger ones have value tables and deques."""
FOREVER: Final = 2**62
"""The length, in ms, of a window that nothing leaves."""
BITS_MAX: Final = 40
"""Distinct (events, where, of) combinations in one family; more are split over two families with the same key."""
SETS_MAX: Final = 20
SET_SHIFT: Final = BITS_MAX
"""In an entry's flags bit b < BITS_MAX says that it matches, bit SET_SHIFT + s that it is its value's last in set s."""

DERIVED_MAX: Final = 8
"""Derived events of one event that room is always kept for; before each further one it is looked whether there is."""

# The plan's header.
P_FAMILIES: Final = 0
P_FAMILY: Final = 1
P_OFFSET_MS: Final = 2
P_LATENESS_MS: Final = 3
P_KNOWN_MS: Final = 4
P_CURRENCY: Final = 5
P_RATES: Final = 6
P_RATE: Final = 7
P_WHERE_END: Final = 8
P_CODE_END: Final = 9
P_RESULT: Final = 10  # the register of each `where`
P_RULES: Final = 11
P_RULE: Final = 12  # the register of the first rule's result; the others' follow
P_NEEDS: Final = 13
P_NEED: Final = 14
P_SLACK: Final = 15
P_KEY0: Final = 16
P_KEY1: Final = 17
P_DECIDED: Final = 18
P_WAIT_MS: Final = 19
P_TYPE_FIELDS: Final = 20  # a type's code -> where its fields are told: how many, their places
P_FEATURES: Final = 21  # how many answers an event has
P_REGISTERS: Final = 22  # where the rules' registers, their columns and the weights stand among the floats
P_COLUMNS: Final = 23
P_WEIGHTS: Final = 24
P_GENUINE: Final = 25
P_BLOCKS: Final = 26  # how many blocks one event can double
P_READ_FAMILIES: Final = 27  # families of read types, which come first; the others count derived events
P_BLANK: Final = 28  # words of the row that stands for a key of which nothing was established
P_CARRIED: Final = 29  # how many answers are carried, and where they are told
P_CARRY: Final = 30
P_CARRY_TYPES: Final = 31  # the types of events that carry them, as a mask
P_CARRY_NUMBERS: Final = 32  # where they stand among the floats before they are integers
P_FUNDS: Final = 33  # whether money is followed
P_LINKS: Final = 34  # whether it is followed who shares what
P_ASSUME: Final = 35  # whether a payment is completed when it is made
P_INPUTS: Final = 36  # how many inputs the model has, how many the scorecard, and the registers that they are read from
P_CARD_INPUTS: Final = 37
P_INPUT: Final = 38
P_TREES: Final = 39  # where the trees stand among the words and the floats; -1: there are none
P_TREE_FLOATS: Final = 40
P_KNOTS: Final = 41  # how many knots the calibration has, and where they stand among the floats
P_KNOT: Final = 42
P_RULES_WEIGHT: Final = 43  # where it stands among the floats
P_LINE: Final = 44  # the least score, in millionths, of which the inputs give reasons
P_CODES: Final = 45  # how many reasons there are; those of the rules, then those of the model's inputs
P_CODE: Final = 46
P_EVIDENCE: Final = 47  # where -ln(1 - w) of each rule stands among the floats
P_BLAME: Final = 48  # where the reasons' sums and the inputs' parts stand among the floats
P_CARD: Final = 49  # where the scorecard stands among the words and the floats; -1: there is none
P_CARD_FLOATS: Final = 50
P_CREDITED: Final = 51  # the types whose payer has a credit score, as a mask
P_MERCHANT_INPUTS: Final = 52  # how many inputs the merchants' card has, behind those of the payers' card
P_MERCHANT_CARD: Final = 53  # where it stands among the words and the floats; -1: there is none
P_MERCHANT_FLOATS: Final = 54
P_MERCHANT_CREDITED: Final = 55  # the types whose merchant has a credit score, as a mask
P_HEADER: Final = 56

# A family's record in the plan: a count, then where its rows are told.
F_SEED: Final = 0
F_PARTS: Final = 1
F_PART: Final = 2
F_WINDOWS: Final = 3
F_WINDOW: Final = 4
F_BITS: Final = 5
F_BIT: Final = 6
F_RAWS: Final = 7
F_RAW: Final = 8
F_SETS: Final = 9
F_SET: Final = 10
F_BAGS: Final = 11
F_BAG: Final = 12
F_EXTREMES: Final = 13
F_EXTREME: Final = 14
F_CURSORS: Final = 15
F_CURSOR: Final = 16
F_TOTALS: Final = 17
F_TOTAL: Final = 18
F_FEATURES: Final = 19
F_FEATURE: Final = 20
F_TERM_MS: Final = 21
F_IDLE_MS: Final = 22
F_ROW_WORDS: Final = 23
F_ENTRY: Final = 24
F_INLINE: Final = 25
F_TYPES: Final = 26
F_RING_BITS: Final = 27
F_SLOTS: Final = 28  # how many segments a row can tell of by itself
F_CARRIES: Final = 29  # the features whose answers are carried, told as F_FEATURES are
F_CARRY: Final = 30
# from here on: where a part of a row starts
R_TAIL: Final = 31
R_SUM: Final = 32
R_DISTINCT: Final = 33
R_ENTROPY: Final = 34
R_TABLE: Final = 35  # a stride for each value table
R_DEQUE: Final = 36
R_CURSOR: Final = 37
R_INLINE: Final = 38
F_STRIDE: Final = 39

# The rows that a family's record points to.
WINDOW_STRIDE: Final = 3  # length in ms, how many measures, where they are told
BIT_STRIDE: Final = 3  # types as a mask, number of its where or -1, place that must be present or -1
MEASURE_STRIDE: Final = 4  # bit, kind, raw or -1, word
M_COUNT: Final = 0
M_SUM: Final = 1
M_SQUARE: Final = 2  # two words: high, low
SET_STRIDE: Final = 2  # bit, raw
EXTREME_STRIDE: Final = 3  # bit, raw, sign: 1 keeps the smallest value, -1 the largest
CURSOR_STRIDE: Final = 2  # bit, window: the first entry in a window that matches
TOTAL_STRIDE: Final = 4  # bit, kind, place, word
T_SMALLEST: Final = 3  # two words: whether there is one, value
T_LARGEST: Final = 4
T_LAST: Final = 5  # four words: whether there is one, time, value, order
T_FIRST_TIME: Final = 6  # two words: whether there is one, time
T_LAST_TIME: Final = 7
WORDS_OF: Final = {M_COUNT: 1, M_SUM: 1, M_SQUARE: 2, 3: 2, 4: 2, 5: 4, 6: 2, 7: 2}

FEATURE_STRIDE: Final = 8  # what, column, window or -1, a, b, c, place, unit; a, b, c are offsets in a row unless said
A_COUNT: Final = 0
A_SUM: Final = 1
A_MEAN: Final = 2
A_STD: Final = 3
A_ZSCORE: Final = 4
A_SHARE: Final = 5
A_DISTINCT: Final = 6
A_ENTROPY: Final = 7
A_EXTREME: Final = 8  # a: number of the extreme where there is a window
A_LAST: Final = 9
A_SINCE_LAST: Final = 10
A_SINCE_FIRST: Final = 11  # a: number of the cursor where there is a window

# What an event carries on: how a number becomes an integer; of what is carried as it is, where its family keeps it.
C_HOW: Final = 0
C_FAMILY: Final = 1
C_LAST: Final = 2  # where the last value stands in a row
C_LENGTH: Final = 3  # the length of its window in ms
CARRY_STRIDE: Final = 4
C_AS_IT_IS: Final = 0  # a key's hash or a word's code
C_WHOLE: Final = 1  # whole units
C_MILLIONTHS: Final = 2

TABLE_STRIDE: Final = 3
T_AT: Final = 0
T_SLOTS: Final = 1
T_USED: Final = 2
SLOT_WORDS_SET: Final = 1  # 32 bits of the value, 32 of the counter of its last entry
SLOT_WORDS_BAG: Final = 2  # value, count

# A deque's block: items of two words, time and value, from the front on.
D_CAPACITY: Final = 0
D_FRONT: Final = 1
D_COUNT: Final = 2
D_ITEM: Final = 3
D_CAPACITY_MIN: Final = 8

# A key's row in the arena.
ROW_LATEST: Final = 0
ROW_DIRECTORY: Final = 1  # where the ring's segments are told
ROW_CAPACITY: Final = 2
ROW_HEAD: Final = 3
ROW_FAMILY: Final = 4
ROW_LARGE: Final = 5  # whether the ring has tables and deques
ROW_INLINE: Final = 6  # where the ring's first entries stand: a directory of one
ROW_FIXED: Final = 7

# A ring's entry.
E_TIME: Final = 0
E_FLAGS: Final = 1
E_RAW: Final = 2
