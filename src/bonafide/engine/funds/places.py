"""Places of money: finding them, bringing them up to a moment, adding and taking tags."""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.arena import H_FUNDS, allocate, release
from bonafide.engine.features.layout import P_KEY0
from bonafide.engine.funds.layout import (
    AGE_MS, CARRIED, G_AMOUNT, G_CAME, G_HOME, G_HOPS, G_LEFT, G_NUMBER, G_PAID, G_PAYMENT, HALVES_MS, N_CAPACITY,
    N_COUNT, N_HASH, N_KIND, N_LINKED_AT, N_MERCHANTS, N_NOW, N_OWNER, N_SERVED, N_TAGS, PAYER, PLACE_SLOT,
    RETURN_WORDS, SERVED_MAX, TAG_WORDS, TAGS_MAX,
)  # fmt: skip
from bonafide.engine.index import find, insert
from bonafide.engine.kernel import inner, shift
from bonafide.engine.siphash import ABSENT, spread

SPARE: Final = 8
"""Room for tags from which on a place that uses a quarter of it gives half back."""


@inner
def place_hash(plan, kind, name):
    """The hash by which a place of a kind is found; `name` is the keyed hash of its id."""
    return spread(name, plan[P_KEY0], -1 - kind)


@inner
def find_place(mem, plan, kind, name, time):
    """A place as of a moment, or 0 where neither money nor a link ever came."""
    slot = find(mem, H_FUNDS, place_hash(plan, kind, name), PLACE_SLOT)
    if not slot:
        return np.int64(0)
    place = mem[slot + 1]
    return _bring_up(mem, place, time)


@inner
def make_place(mem, plan, kind, name, time):
    """The same, made if it is new."""
    place = find_place(mem, plan, kind, name, time)
    if place:
        return place
    h = place_hash(plan, kind, name)
    place = allocate(mem, N_TAGS)
    mem[place + N_KIND] = kind
    mem[place + N_HASH] = h
    mem[place + N_NOW] = time
    mem[place + N_OWNER] = ABSENT
    mem[place + N_LINKED_AT] = ABSENT
    slot = insert(mem, H_FUNDS, h, PLACE_SLOT)
    mem[slot + 1] = place
    return place


@inner
def _bring_up(mem, place, time):
    """A place's clock never goes back, and money older than AGE_MS is no longer followed. Returns where it stands: one
    with much room to spare moves to a smaller block."""
    now = max(mem[place + N_NOW], time)
    mem[place + N_NOW] = now
    if mem[place + N_KIND] == PAYER:  # keeps no tags
        return place
    i = np.int64(0)
    while i < mem[place + N_COUNT]:
        if mem[tag_of(place, i) + G_PAID] <= now - AGE_MS:
            drop(mem, place, i)
        else:
            i += 1
    capacity = mem[place + N_CAPACITY]
    if capacity >= SPARE and mem[place + N_COUNT] <= capacity // 4:
        return resize(mem, place, capacity // 2)
    return place


@inner
def tag_of(place, i):
    """Where the i-th tag of a place stands."""
    return place + N_TAGS + i * TAG_WORDS


@inner
def drop(mem, place, i):
    """Take the i-th tag away; the last one takes its place."""
    last = mem[place + N_COUNT] - 1
    mem[place + N_COUNT] = last
    copy_words(shift(mem, tag_of(place, last)), shift(mem, tag_of(place, i)), TAG_WORDS)


@inner
def copy_words(source, target, words):
    """Copy so many words."""
    for w in range(words):
        target[w] = source[w]


@inner
def is_little(part, whole):
    """Whether a part of a payment is too little to be followed."""
    return part < whole // CARRIED + (whole % CARRIED > 0)


@inner
def lessen(mem, place, i, taken):
    """Take a part of a tag; returns whether the tag is still there."""
    tag = tag_of(place, i)
    left = mem[tag + G_LEFT] - taken
    mem[tag + G_LEFT] = left
    if left <= 0 or (mem[tag + G_HOME] == 0 and is_little(left, mem[tag + G_AMOUNT])):
        drop(mem, place, i)
        return False
    return True


@inner
def serve(mem, place, merchant):
    """Note that an account is one of a merchant's; the one that was noted first gives way."""
    count, first = mem[place + N_SERVED], place + N_MERCHANTS
    for i in range(count):
        if mem[first + i] == merchant:
            return
    if count == SERVED_MAX:
        for i in range(SERVED_MAX - 1):
            mem[first + i] = mem[first + i + 1]
        count -= 1
    mem[first + count] = merchant
    mem[place + N_SERVED] = count + 1


@inner
def keep(mem, plan, kind, name, tag):
    """Add a tag to a place as of when it came, which is made if it is new."""
    put(mem, make_place(mem, plan, kind, name, tag[G_CAME]), tag)


@inner
def put(mem, place, tag):
    """Add a tag to a place, or to what is there of its payment; the least promising one gives way. Returns where the
    place stands then."""
    if tag[G_PAID] <= mem[place + N_NOW] - AGE_MS:
        return place
    count = mem[place + N_COUNT]
    for i in range(count):
        at = tag_of(place, i)
        if mem[at + G_PAYMENT] == tag[G_PAYMENT] and mem[at + G_HOME] == tag[G_HOME]:
            _merge(shift(mem, at), tag)
            return place
    if count == TAGS_MAX:
        now = mem[place + N_NOW]
        least = _least(mem, place, now)
        if _is_less(shift(mem, tag_of(place, least)), tag, now):
            copy_words(tag, shift(mem, tag_of(place, least)), TAG_WORDS)
        return place
    if count == mem[place + N_CAPACITY]:
        place = _grow(mem, place)
    copy_words(tag, shift(mem, tag_of(place, count)), TAG_WORDS)
    mem[place + N_COUNT] = count + 1
    return place


@inner
def _merge(old, new):
    """Two findings of one payment in one place: never more than the larger, by the shorter way, the later one's time.
    Of what came home, both."""
    left, came = old[G_LEFT], old[G_CAME]
    if new[G_HOME]:
        old[G_LEFT] = min(old[G_AMOUNT], left + new[G_LEFT])
    else:
        if new[G_HOPS] <= old[G_HOPS]:
            copy_words(new, old, TAG_WORDS)
        old[G_LEFT] = max(left, new[G_LEFT])
    old[G_CAME] = max(came, new[G_CAME])


@inner
def _promise(tag, now):
    """What a tag is still worth following for: what is left of it, halved every HALVES_MS since the payment."""
    return tag[G_LEFT] >> min(np.int64(62), (now - tag[G_PAID]) // HALVES_MS)


@inner
def _is_less(a, b, now):
    """Whether one tag promises less than another."""
    first, second = _promise(a, now), _promise(b, now)
    if first != second:
        return first < second
    if a[G_CAME] != b[G_CAME]:
        return a[G_CAME] < b[G_CAME]
    if a[G_NUMBER] != b[G_NUMBER]:
        return a[G_NUMBER] < b[G_NUMBER]
    return a[G_HOME] < b[G_HOME]


@inner
def _least(mem, place, now):
    """The tag of a place that promises least."""
    least = np.int64(0)
    for i in range(1, mem[place + N_COUNT]):
        if _is_less(shift(mem, tag_of(place, i)), shift(mem, tag_of(place, least)), now):
            least = np.int64(i)
    return least


@inner
def _grow(mem, place):
    """Move a place to a block for more tags, and return it."""
    capacity = mem[place + N_CAPACITY]
    wider = min(max(2 * capacity, 2), TAGS_MAX)
    return resize(mem, place, wider)


@inner
def resize(mem, place, capacity):
    """Move a place to a block for so many tags, at least those that it has."""
    block = allocate(mem, N_TAGS + capacity * TAG_WORDS)
    copy_words(shift(mem, place), shift(mem, block), N_TAGS + mem[place + N_COUNT] * TAG_WORDS)
    release(mem, place, N_TAGS + mem[place + N_CAPACITY] * TAG_WORDS)
    mem[block + N_CAPACITY] = capacity
    mem[find(mem, H_FUNDS, mem[block + N_HASH], PLACE_SLOT) + 1] = block
    return block


@inner
def is_linked(mem, place):
    """Whether it is known whose a place is."""
    return mem[place + N_LINKED_AT] != ABSENT or mem[place + N_SERVED] > 0


@inner
def close_place(mem, place):
    """Give a place's block back."""
    width = RETURN_WORDS if mem[place + N_KIND] == PAYER else TAG_WORDS
    release(mem, place, N_TAGS + mem[place + N_CAPACITY] * width)
