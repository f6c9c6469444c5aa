"""Answers to many events at once: one kernel writes the bodies of all that are plain, their digests with them.

What a decision that tells no measure, no loop and no hold says is its form's pieces with five numbers and an id
between them; what an event that teaches is answered, too. `Form.fill` says the same of one event, and fills what is
not plain.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import SCORE_UNIT
from bonafide.core.events import Fact
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from bonafide.engine.codes import V_CREDIT, V_SCORE, V_SEQ
from bonafide.engine.json_bytes import QUOTE, after_text, put_part
from bonafide.engine.kernel import inner, pointer, shift
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.operations import ROW_WIDTH
from bonafide.engine.sha256 import BLOCK, DIGEST_WORDS, LANES, begin_lanes, pad, put_digest, take_blocks

_TIME: Final = FIELDS["time"].place
NOTHING: Final = -1
"""Of an event that is not answered here."""
TEACHES: Final = 0
"""The number of the form of what only teaches."""
P_ID, P_SEQ, P_TIME, P_SCORE_E6, P_KNOWN, P_END = range(6)
"""The pieces of a canonical encoding, each but the last before what is the event's own."""
P_OUTCOME, P_LEVEL, P_REST = range(6, 9)
"""The pieces of a body behind its time, behind its score, and behind the credit score to the digest."""
PIECES: Final = 9
_HEX: Final = 8 * DIGEST_WORDS
_NUMBERS_MAX: Final = 128
"""Bytes of an event's own numbers and moment, at most."""
_ESCAPED_MAX: Final = 6
"""Bytes that a letter takes in JSON, at most."""
_POINT: Final = ord(".")
_encode: Final = msgspec.json.Encoder().encode


@inner
def _put_digits(out, to, value, width):
    """Write a number's last digits; returns where what follows them goes."""
    for i in range(width):
        out[to + width - 1 - i] = 48 + value % 10
        value //= 10
    return to + width


@inner
def _put_number(out, to, value):
    """Write a whole number that is not negative; returns where what follows it goes."""
    width, rest = 1, value // 10
    while rest > 0:
        width += 1
        rest //= 10
    return _put_digits(out, to, value, width)


@inner
def _put_score(out, to, score_e6):
    """Write a score in millionths as msgspec writes it as a float; returns where what follows it goes."""
    if 0 < score_e6 < 10:
        out[to], out[to + 1], out[to + 2], out[to + 3] = 48 + score_e6, ord("e"), ord("-"), ord("6")
        return to + 4
    to = _put_number(out, to, score_e6 // SCORE_UNIT)
    rest, width = score_e6 % SCORE_UNIT, 6
    while width > 1 and rest % 10 == 0:
        rest //= 10
        width -= 1
    out[to] = _POINT
    return _put_digits(out, to + 1, rest, width)


@inner
def _put_moment(out, to, moment):
    """Write a moment as `show_moment` does; returns where what follows it goes."""
    # Days are counted from the first of March of the year 0: leap days come last in years, and eras have 400 of them.
    days = moment // DAY_MS + 719_468
    era, day_of_era = days // 146_097, days % 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    to = _put_digits(out, to, 400 * era + year_of_era + (1 if month <= 2 else 0), 4)
    out[to] = ord("-")
    to = _put_digits(out, to + 1, month, 2)
    out[to] = ord("-")
    to = _put_digits(out, to + 1, day_of_year - (153 * from_march + 2) // 5 + 1, 2)
    out[to] = ord("T")
    to = _put_digits(out, to + 1, moment % DAY_MS // HOUR_MS, 2)
    out[to] = ord(":")
    to = _put_digits(out, to + 1, moment % HOUR_MS // MINUTE_MS, 2)
    out[to] = ord(":")
    to = _put_digits(out, to + 1, moment % MINUTE_MS // SECOND_MS, 2)
    out[to] = _POINT
    to = _put_digits(out, to + 1, moment % SECOND_MS, 3)
    out[to] = ord("Z")
    return to + 1


@inner
def _put_head(out, to, names, begin, end, seq, pieces, cut):
    """Write what canonical encodings and bodies begin with: id and place."""
    to = put_part(out, to, pieces, cut[P_ID], cut[P_SEQ])
    to = put_part(out, to, names, begin, end)
    to = put_part(out, to, pieces, cut[P_SEQ], cut[P_TIME])
    return _put_number(out, to, seq)


@inner
def _put_known(out, to, credit):
    """Write a credit score, or that there is none."""
    if credit != 0:
        return _put_number(out, to, credit)
    out[to], out[to + 1], out[to + 2], out[to + 3] = ord("n"), ord("u"), ord("l"), ord("l")
    return to + 4


@inner
def _put_canonical(out, to, names, begin, end, time, verdict, pieces, cut):
    """Write a decision's canonical encoding, which its digest is of."""
    to = _put_head(out, to, names, begin, end, verdict[V_SEQ], pieces, cut)
    to = put_part(out, to, pieces, cut[P_TIME], cut[P_SCORE_E6])
    to = _put_number(out, to, time)
    to = put_part(out, to, pieces, cut[P_SCORE_E6], cut[P_KNOWN])
    to = _put_number(out, to, verdict[V_SCORE])
    to = put_part(out, to, pieces, cut[P_KNOWN], cut[P_END])
    to = _put_known(out, to, verdict[V_CREDIT])
    return put_part(out, to, pieces, cut[P_END], cut[P_OUTCOME])


@inner
def _put_body(out, to, names, begin, end, time, verdict, pieces, cut):
    """Write a decision's body, with room for its digest."""
    to = _put_head(out, to, names, begin, end, verdict[V_SEQ], pieces, cut)
    to = put_part(out, to, pieces, cut[P_TIME], cut[P_SCORE_E6])
    out[to] = QUOTE
    to = _put_moment(out, to + 1, time)
    to = put_part(out, to, pieces, cut[P_OUTCOME], cut[P_LEVEL])
    to = _put_score(out, to, verdict[V_SCORE])
    to = put_part(out, to, pieces, cut[P_LEVEL], cut[P_REST])
    to = _put_known(out, to, verdict[V_CREDIT])
    to = put_part(out, to, pieces, cut[P_REST], cut[PIECES]) + _HEX
    out[to], out[to + 1] = QUOTE, ord("}")
    return to + 2


@inner
def _hash_lanes(lanes, places, state, told, filled, out):
    """Put the digests of the canonical encodings in the lanes where they belong; `told` has of each how many blocks it
    takes, and where its digest goes."""
    begin_lanes(state)
    most = np.int64(0)
    for lane in range(filled):
        most = max(most, told[2 * lane])
    for block in range(most):
        take_blocks(state, lanes, places)
        for lane in range(filled):
            left = told[2 * lane] - block
            if left == 1:
                put_digest(state, lane, out, told[2 * lane + 1])
            if left > 1:
                places[lane] += BLOCK


def write_answers(ids, rows, verdicts, forms, pieces, cuts, out, ends, lanes, places, state):
    """Write the bodies of answers into `out`, one behind the other, each ending at its place of `ends`.

    ids: a JSON list of the events' ids; forms: of each event the number of its form, NOTHING for no body; pieces and
    cuts: the forms' pieces, and of each form where they begin and the last ends. lanes, places and state are room to
    work in: LANES canonical encodings, numbers of each, and LANES digests.
    """
    names, table, told, text, written = pointer(ids), pointer(rows), pointer(verdicts), pointer(pieces), pointer(out)
    begins, room, kept = pointer(places), pointer(lanes), pointer(state)
    width, size, at, to, filled = verdicts.shape[1], lanes.size // LANES, 1, 0, 0
    due = shift(begins, LANES)
    for lane in range(LANES):
        begins[lane] = 0
    for i in range(forms.size):
        end = after_text(names, at)
        if forms[i] == TEACHES:
            cut = pointer(cuts)
            to = _put_head(written, to, names, at, end, told[i * width + V_SEQ], text, cut)
            to = put_part(written, to, text, cut[P_TIME], cut[P_SCORE_E6])
        elif forms[i] != NOTHING:
            cut, verdict = shift(pointer(cuts), forms[i] * (PIECES + 1)), shift(told, i * width)
            time, begin = table[i * ROW_WIDTH + _TIME], filled * size
            length = _put_canonical(room, begin, names, at, end, time, verdict, text, cut) - begin
            to = _put_body(written, to, names, at, end, time, verdict, text, cut)
            begins[filled] = begin
            due[2 * filled], due[2 * filled + 1] = pad(room, begin, length), to - _HEX - 2
            filled += 1
            if filled == LANES:
                _hash_lanes(room, begins, kept, due, filled, written)
                filled = 0
        ends[i] = to
        at = end + 1
    _hash_lanes(room, begins, kept, due, filled, written)


class Pieces(NamedTuple):
    """What all answers of a form share."""

    text: bytes
    cuts: tuple[int, ...]
    """Where each of the PIECES begins, and where the last ends."""

    @classmethod
    def of(cls, pieces: Sequence[str]) -> Pieces:
        """These, and nothing for those that are left."""
        texts = [piece.encode() for piece in pieces]
        cuts = list(accumulate(map(len, texts), initial=0))
        return cls(b"".join(texts), (*cuts, *([cuts[-1]] * (PIECES + 1 - len(cuts)))))


TAUGHT: Final = Pieces.of(['{"event_id":', ',"seq":', ',"status":"taught"}'])
"""Of what only teaches."""


class _Told(NamedTuple):
    """The pieces of some forms, one behind the other."""

    text: bytes
    cuts: NDArray[np.int64]
    longest: int
    """Bytes of a canonical encoding's pieces, at most."""
    lengths: NDArray[np.int64]
    """Bytes of the pieces of each."""


def _joined(pieces: Sequence[Pieces]) -> _Told:
    lengths = np.array([one.cuts[-1] for one in pieces], dtype=np.int64)
    cuts = np.array([one.cuts for one in pieces], dtype=np.int64)
    longest = int((cuts[:, P_OUTCOME] - cuts[:, 0]).max())
    cuts += (np.cumsum(lengths) - lengths)[:, None]
    return _Told(b"".join([one.text for one in pieces]), cuts, longest, lengths)


def write_plain(
    events: Sequence[Fact], rows: NDArray[np.int64], verdicts: NDArray[np.int64], numbers: NDArray[np.int64],
    pieces: Sequence[Pieces], kernels: Kernels,
) -> list[bytes]:  # fmt: skip
    """The bodies that answer events: `numbers` say which of the forms each has, whose pieces
    these are; NOTHING: none, and no body."""
    told = _joined(pieces)
    names = [event.event_id for event in events]
    ids = _encode(names)
    room = told.longest + _ESCAPED_MAX * max(map(len, names)) + _NUMBERS_MAX + 2 * BLOCK
    lanes = np.empty(LANES * (room // BLOCK * BLOCK), dtype=np.uint8)
    own = _HEX + _NUMBERS_MAX
    out = np.empty(int(told.lengths[numbers[numbers >= 0]].sum()) + own * len(names) + len(ids), dtype=np.uint8)
    ends = np.empty(len(names), dtype=np.int64)
    kernels.write_answers(
        ids, rows, verdicts, numbers, told.text, told.cuts, out, ends, lanes,
        np.empty(3 * LANES, dtype=np.int64), np.empty(LANES * DIGEST_WORDS, dtype=np.uint32),
    )  # fmt: skip
    stops = ends.tolist()
    whole = out[: stops[-1]].tobytes()
    return [whole[a:b] for a, b in pairwise((0, *stops))]
