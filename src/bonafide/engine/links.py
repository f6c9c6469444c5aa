"""Links: who shares a device, an ip, an address, a phone or an account with whom.

One row for each *resource*, a kind and an id: the users and the merchants that were seen to use it, each with its first
and last use. When a use makes a user and a merchant share a resource that few others use, `linked` is established for
the two; and a payment is told at once through how many kinds of what it names it is linked to its own merchant. The law
is written down in docs/links.md, and `testing.links_twin` obeys it the obvious way.

A resource takes 64 bytes up to two members, then 128, 256 and, from eleven on, 512; public ones take 64. Its index slot
comes to 21 to 43 bytes more.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.core.fields import FIELDS, TYPE_CODE, TYPE_NAMES, WORD_CODE
from bonafide.core.moment import DAY_MS
from bonafide.engine.admission import TIME
from bonafide.engine.arena import H_LINKS, LINE, allocate, release
from bonafide.engine.derived import establish
from bonafide.engine.features.layout import P_KEY0
from bonafide.engine.index import I_COUNT, S_SLOTS, SLOTS, find, insert, next_segment, reinsert
from bonafide.engine.kernel import inner
from bonafide.engine.lookahead import ask, ask_slot
from bonafide.engine.rules.operations import SHARES, TYPE
from bonafide.engine.siphash import ABSENT, spread

USERS_MAX: Final = 12
MERCHANTS_MAX: Final = 8
"""Users and merchants that a resource remembers. One more of either makes a network or an address public (a NAT
address, a dormitory); of a device, a phone or an account, which have an owner, the one idle longest gives way."""
PUBLIC_KINDS: Final = ("ip", "address")
LINK_TERM_MS: Final = 180 * DAY_MS
"""How long a member is remembered after its last use, and a public resource after the last of anybody. No event may be
as late as that: a bundle's lateness is 90 days at most."""

LINK_SLOT: Final = 2  # hash, block

# A resource's block: two words, then its members, users from the front on and merchants from the end on, each in the
# order of joining.
B_LATEST: Final = 0  # the latest use by anybody
B_TOLD: Final = 1  # how many users, how many merchants, how many cache lines: a byte each; no line where it is public
B_MEMBERS: Final = 2
M_WHO: Final = 0
M_FIRST: Final = 1
M_LAST: Final = 2
MEMBER: Final = 3
_LINES: Final = 16
_EMPTY: Final = 1 << _LINES
_PUBLIC: Final = 0
BLOCK_WORDS_MAX: Final = 8 * LINE
"""A block doubles from one line on until all of USERS_MAX + MERCHANTS_MAX fit."""

USERS: Final = 0
MERCHANTS: Final = 1

# What an event can name: five kinds of resources, addresses in two ways. The order is that in which links are found.
_NAMED: Final = (
    ("device", "device_id"), ("ip", "ip"), ("address", "address_id"), ("address", "address"), ("phone", "phone_id"),
    ("account", "account_id"),
)  # fmt: skip
KINDS: Final = tuple(dict.fromkeys(kind for kind, _ in _NAMED))
_PLACE: Final = tuple(FIELDS[field].place for _, field in _NAMED)
_WORD: Final = tuple(WORD_CODE[kind] for kind, _ in _NAMED)
_SEED: Final = tuple(KINDS.index(kind) for kind, _ in _NAMED)
_WAYS: Final = len(_NAMED)

_USES: Final = {
    "payment": ("device_id", "ip", "address_id"),
    "registration": ("phone_id", "device_id", "ip", "address_id"),
    "login": ("device_id", "ip"),
    "merchant_application": ("account_id", "phone_id", "address"),
    "account_link": ("account_id",),
    "payout": ("account_id",),
    "refund": ("account_id",),
}
"""The types that tell of uses, and what is used."""
_WAYS_OF_TYPE: Final = tuple(
    sum(1 << way for way, (_, field) in enumerate(_NAMED) if field in _USES.get(name, ()))
    for name in [*TYPE_NAMES, *[""] * (max(TYPE_CODE.values()) + 1 - len(TYPE_NAMES))]
)
"""A bit for each of _NAMED, by type code; derived events use nothing."""
USES_MAX: Final = max(len(fields) for fields in _USES.values())
LINKED_MAX: Final = USES_MAX * max(USERS_MAX, MERCHANTS_MAX)
"""More than one event can establish: each use by a new member, with every member of the other kind."""
LINKS_SLACK: Final = USES_MAX * (2 * (S_SLOTS + SLOTS * LINK_SLOT) + BLOCK_WORDS_MAX)
"""Words that one event can need at most: for each use a block and two segments of the index."""
LINKS_BLOCKS: Final = 1
"""Blocks of the largest size that one event can double: the index's directory."""

_PAYMENT: Final = TYPE_CODE["payment"]
_LOGIN: Final = TYPE_CODE["login"]
_ACCOUNT_LINK: Final = TYPE_CODE["account_link"]
_APPLICATION: Final = TYPE_CODE["merchant_application"]
_PAYOUT: Final = TYPE_CODE["payout"]
_LINKED: Final = TYPE_CODE["linked"]
_USER_ID: Final = FIELDS["user_id"].place
_MERCHANT_ID: Final = FIELDS["merchant_id"].place
_SUBJECT_TYPE: Final = FIELDS["subject_type"].place
_SUBJECT_ID: Final = FIELDS["subject_id"].place
_OWNER_TYPE: Final = FIELDS["owner_type"].place
_OWNER_ID: Final = FIELDS["owner_id"].place
_SUCCESS: Final = FIELDS["success"].place
_SHARED: Final = FIELDS["shared"].place
_IP, _ADDRESS = (WORD_CODE[kind] for kind in PUBLIC_KINDS)
_USER: Final = WORD_CODE["user"]
_MERCHANT: Final = WORD_CODE["merchant"]


@inner
def observe(mem, plan, event, queue):
    """Take in what an event uses, establish in the queue what that links, and tell a payment how many kinds of what it
    names its merchant shares: place SHARES, which stays absent in every other event."""
    kind = event[TYPE]
    ways = _WAYS_OF_TYPE[kind]
    if ways == 0:
        return
    who, word = _who_uses(event, kind)
    shares = np.int64(0)
    if word == _USER or word == _MERCHANT:
        role = np.int64(USERS if word == _USER else MERCHANTS)
        for way in range(_WAYS):
            if (ways >> way) & 1 and event[_PLACE[way]] != ABSENT:
                slot = _resource(mem, plan, event, way)
                if _use(mem, event, queue, slot, role, who, _WORD[way]):
                    shares += 1
    if kind == _PAYMENT:
        event[SHARES] = shares


@inner
def ask_links(mem, plan, event):
    """Ask for the index slots of what an event uses; see engine.lookahead."""
    ways = _WAYS_OF_TYPE[event[TYPE]]
    for way in range(_WAYS):
        if (ways >> way) & 1 and event[_PLACE[way]] != ABSENT:
            ask_slot(mem, H_LINKS, _hash(plan, event, way), LINK_SLOT)


@inner
def ask_members(mem, plan, event):
    """Ask for the first line of members of what an event uses, once its slots are there."""
    ways = _WAYS_OF_TYPE[event[TYPE]]
    for way in range(_WAYS):
        if (ways >> way) & 1 and event[_PLACE[way]] != ABSENT:
            slot = find(mem, H_LINKS, _hash(plan, event, way), LINK_SLOT)
            if slot:
                ask(mem, mem[slot + 1])


@inner
def _who_uses(event, kind):
    """Who uses what an event names, and the word for what that is; ABSENT where it tells of no use."""
    if kind == _LOGIN:
        return event[_SUBJECT_ID], event[_SUBJECT_TYPE] if event[_SUCCESS] != 0 else ABSENT
    if kind == _ACCOUNT_LINK:
        return event[_OWNER_ID], event[_OWNER_TYPE]
    if kind == _APPLICATION or kind == _PAYOUT:
        return event[_MERCHANT_ID], np.int64(_MERCHANT)
    return event[_USER_ID], np.int64(_USER)


@inner
def _hash(plan, event, way):
    """The keyed hash of a resource; the same text as a device and as an ip has two."""
    return spread(event[_PLACE[way]], plan[P_KEY0], _SEED[way])


@inner
def _resource(mem, plan, event, way):
    """The slot of a resource, which is made if it is new."""
    h = _hash(plan, event, way)
    slot = find(mem, H_LINKS, h, LINK_SLOT)
    if not slot:
        slot = insert(mem, H_LINKS, h, LINK_SLOT)
        block = allocate(mem, LINE)
        mem[slot + 1] = block
        mem[block + B_LATEST] = event[TIME]
        mem[block + B_TOLD] = _EMPTY
    return slot


@inner
def _use(mem, event, queue, slot, role, who, word):
    """Take in one use; whether the event's merchant is remembered to use the resource too, besides who uses it now."""
    block, time = mem[slot + 1], event[TIME]
    before = mem[block + B_LATEST]
    as_of = max(time, before)
    oldest = as_of - LINK_TERM_MS
    mem[block + B_LATEST] = as_of
    if mem[block + B_TOLD] == _PUBLIC:
        if before > oldest:
            return False
        mem[block + B_TOLD] = _EMPTY
    _forget(mem, block, np.int64(USERS), oldest)
    _forget(mem, block, np.int64(MERCHANTS), oldest)
    at = _find_member(mem, block, role, who)
    if at:
        mem[at + M_FIRST] = min(mem[at + M_FIRST], time)
        mem[at + M_LAST] = max(mem[at + M_LAST], time)
    else:
        if _count(mem, block, role) == (USERS_MAX if role == USERS else MERCHANTS_MAX):
            if word == _IP or word == _ADDRESS:
                _become_public(mem, slot)
                return False
            _give_way(mem, block, role)
        block = _join(mem, slot, role, who, time)
        _link(mem, queue, block, role, who, time, word)
    return _find_member(mem, block, np.int64(MERCHANTS), event[_MERCHANT_ID]) != 0


@inner
def _count(mem, block, role):
    """How many users or merchants a resource remembers."""
    return (mem[block + B_TOLD] >> (8 * role)) & 255


@inner
def _words(mem, block):
    """Words of a block."""
    return max(mem[block + B_TOLD] >> _LINES, 1) * LINE


@inner
def _member(mem, block, role, i):
    """Where member number i of a role stands."""
    if role == MERCHANTS:
        i = (_words(mem, block) - B_MEMBERS) // MEMBER - 1 - i
    return block + B_MEMBERS + i * MEMBER


@inner
def _find_member(mem, block, role, who):
    """Where a member of a role stands, or 0."""
    for i in range(_count(mem, block, role)):
        at = _member(mem, block, role, i)
        if mem[at + M_WHO] == who:
            return at
    return np.int64(0)


@inner
def _forget(mem, block, role, oldest):
    """Forget the members of a role whose last use is not after `oldest`; the others close up in their order."""
    count, kept = _count(mem, block, role), 0
    for i in range(count):
        at = _member(mem, block, role, i)
        if mem[at + M_LAST] > oldest:
            if kept < i:
                _copy(mem, at, _member(mem, block, role, kept))
            kept += 1
    mem[block + B_TOLD] -= (count - kept) << (8 * role)


@inner
def _copy(mem, at, to):
    """Copy a member's words."""
    for w in range(MEMBER):
        mem[to + w] = mem[at + w]


@inner
def _join(mem, slot, role, who, time):
    """Remember a new member; returns the block, which may be another one than before."""
    block = mem[slot + 1]
    members = _count(mem, block, np.int64(USERS)) + _count(mem, block, np.int64(MERCHANTS))
    if members == (_words(mem, block) - B_MEMBERS) // MEMBER:
        block = _grow(mem, slot)
    mem[block + B_TOLD] += np.int64(1) << (8 * role)
    at = _member(mem, block, role, _count(mem, block, role) - 1)
    mem[at + M_WHO] = who
    mem[at + M_FIRST] = mem[at + M_LAST] = time
    return block


@inner
def _grow(mem, slot):
    """Move a resource to a block of twice as many lines."""
    old = mem[slot + 1]
    words = _words(mem, old)
    new = allocate(mem, 2 * words)
    mem[new + B_LATEST] = mem[old + B_LATEST]
    mem[new + B_TOLD] = mem[old + B_TOLD] + ((words // LINE) << _LINES)
    for role in range(2):
        for i in range(_count(mem, old, role)):
            _copy(mem, _member(mem, old, role, i), _member(mem, new, role, i))
    release(mem, old, words)
    mem[slot + 1] = new
    return new


@inner
def _give_way(mem, block, role):
    """Forget the member of a role that was idle longest, of several the one that joined first."""
    count, idlest = _count(mem, block, role), np.int64(0)
    for i in range(1, count):
        if mem[_member(mem, block, role, i) + M_LAST] < mem[_member(mem, block, role, idlest) + M_LAST]:
            idlest = np.int64(i)
    for i in range(idlest + 1, count):
        _copy(mem, _member(mem, block, role, i), _member(mem, block, role, i - 1))
    mem[block + B_TOLD] -= np.int64(1) << (8 * role)


@inner
def _become_public(mem, slot):
    """Drop a resource's members and remember no more than that it is public."""
    old = mem[slot + 1]
    latest = mem[old + B_LATEST]
    release(mem, old, _words(mem, old))
    block = allocate(mem, LINE)
    mem[block + B_LATEST] = latest
    mem[block + B_TOLD] = _PUBLIC
    mem[slot + 1] = block


@inner
def _link(mem, queue, block, role, who, time, word):
    """Establish that a new member shares the resource with each member of the other kind."""
    others = 1 - role
    for i in range(_count(mem, block, others)):
        other = mem[_member(mem, block, others, i) + M_WHO]
        row = establish(queue, _LINKED, time)
        row[_USER_ID] = who if role == USERS else other
        row[_MERCHANT_ID] = other if role == USERS else who
        row[_SHARED] = word


@inner
def sweep_links(mem, oldest_ms):
    """Free the resources of one segment that nobody has used within the term before `oldest_ms`, the earliest time
    that an event can still have: any later use would find everything forgotten."""
    segment = next_segment(mem, H_LINKS)
    for s in range(SLOTS):  # the blocks lie anywhere: ask for all before the first is waited for
        ask(mem, mem[segment + S_SLOTS + s * LINK_SLOT + 1])
    gone = 0
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * LINK_SLOT
        if mem[at] != 0:
            block = mem[at + 1]
            if mem[block + B_LATEST] < oldest_ms - LINK_TERM_MS:
                release(mem, block, _words(mem, block))
                mem[at] = 0
                gone += 1
    if gone:
        mem[H_LINKS + I_COUNT] -= gone
        reinsert(mem, H_LINKS, segment, LINK_SLOT)
