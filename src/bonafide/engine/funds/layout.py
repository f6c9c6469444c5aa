"""Where things stand in a place of money: a merchant, an account, or a payer's record of what came home.

Each is one block in the arena, found through an index of their own; tags follow the head and double in number as they
come, up to TAGS_MAX.
"""

from __future__ import annotations

from typing import Final

HOPS_MAX: Final = 4
"""Moves of money from a merchant until it is home; a payout to an account of nobody's in particular does not count."""
AGE_MS: Final = 336 * 3_600_000
"""How long after a payment its money is followed."""
HALVES_MS: Final = 12 * 3_600_000
"""In what time a tag's promise halves: most cash comes home within two days."""
CARRIED: Final = 4
"""A flow carries no less than a CARRIED-th of a payment."""
FEE: Final = 4
"""A flow fits a payment's money when it is at most a FEE-th smaller."""
TAGS_MAX: Final = 128
SERVED_MAX: Final = 4
"""Merchants that an account is known to belong to: those that named it last."""
SETTLED_MAX: Final = 32
"""Payments whose money one event can bring home."""
RETURNS_MAX: Final = 64
"""Payments of one payer that are remembered to have come home in part: the newest."""

START_FIELDS: Final = ("event_id", "time", "user_id", "merchant_id", "order_id", "amount", "pay_with")
"""What of a payment must be kept until it is completed."""
ESTABLISHES: Final = frozenset({"money_returned", "loop_closed", "loop_passed", "credit_recycled"})
"""The derived types that funds establish."""
FACTS: Final = frozenset({
    "brought_home", "own_payments", "own_amount", "earlier_loops", "loops_closed", "loop_share", "loop_hops",
    "loop_delay_s",
})  # fmt: skip
"""What funds say of an event that moves money."""

# The kinds of places.
MERCHANT: Final = 1
ACCOUNT: Final = 2
PAYER: Final = 3
PLACE_SLOT: Final = 2  # hash, block

# A place's head.
N_KIND: Final = 0
N_HASH: Final = 1
N_NOW: Final = 2
N_COUNT: Final = 3
N_CAPACITY: Final = 4
N_OWNER: Final = 5
N_LINKED_AT: Final = 6
N_SERVED: Final = 7
N_MERCHANTS: Final = 8  # SERVED_MAX words
N_TAGS: Final = N_MERCHANTS + SERVED_MAX

# A tag.
G_PAYER: Final = 0
G_MERCHANT: Final = 1
G_PAYMENT: Final = 2
G_ORDER: Final = 3
G_AMOUNT: Final = 4
G_LEFT: Final = 5
G_PAID: Final = 6
G_CAME: Final = 7
G_NUMBER: Final = 8  # of the completed payment, in the order of the log
G_SEQ: Final = 9
G_HOPS: Final = 10
G_HOME: Final = 11
G_MOVES: Final = 12  # how many moves follow
G_MOVE: Final = 13
MOVE_WORDS: Final = 4  # account, place in the log, time, how much of it was this payment's
MOVES_MAX: Final = HOPS_MAX
TAG_WORDS: Final = G_MOVE + MOVES_MAX * MOVE_WORDS

# What a payer's record keeps of one payment that came home.
RETURN_WORDS: Final = 3  # payment, how much, whether its loop is closed

# A movement of money, while it is worked on.
W_TIME: Final = 0
W_AMOUNT: Final = 1
W_UNSETTLED: Final = 2
W_SEQ: Final = 3
W_VIA: Final = 4
W_TO: Final = 5  # ABSENT where a refund names no account
W_OWNER: Final = 6
W_ORDER: Final = 7
W_SENDER: Final = 8  # the account it left from; ABSENT where that is none
W_COUNT: Final = 9  # how many places it draws on
W_PLACES: Final = 10
FLOW_WORDS: Final = W_PLACES + 1 + SERVED_MAX

WORK_WORDS: Final = FLOW_WORDS + TAG_WORDS + TAGS_MAX
"""Scratch: a movement, a tag, and the numbers of a place's tags in an order."""
ROOM_WORDS: Final = 8 * (N_TAGS + TAGS_MAX * TAG_WORDS)
"""What one event can take of the arena: at most four places that double, each block at most a quarter too large."""

FUNDS_BLOCKS: Final = 1
"""Blocks of the largest size that one event can double: the index's directory."""

# What is told of a loop beside the decision.
TRAIL_MAX: Final = 4_096
"""Movements of money home that one walk can tell of; the walk pauses when there may be no room for the next event's."""
TRAIL_OF_EVENT: Final = 8
"""Of how many payments a decision shows the way home: the first ones; `own_payments` counts all."""
L_EVENT: Final = 0  # number of the event in the walk
L_RETURNED: Final = 1
L_HOME: Final = 2  # all that has come home of the payment by then
L_AMOUNT: Final = 3
L_CLOSES: Final = 4
L_STEPS: Final = 5
L_STEP: Final = 6
STEP_WORDS: Final = 3  # place in the log, time, how much of it was this payment's
LOOP_WORDS: Final = L_STEP + (MOVES_MAX + 2) * STEP_WORDS
TRAIL_FIRST: Final = 8
TRAIL_WORDS: Final = TRAIL_FIRST + TRAIL_MAX * LOOP_WORDS
