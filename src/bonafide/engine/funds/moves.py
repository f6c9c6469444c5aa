"""How money moves: where tags start and end, and what payouts, transfers and refunds carry on."""

from __future__ import annotations

from math import floor

import numpy as np

from bonafide.core.fields import FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.arena import H_FUNDS, H_ORDER
from bonafide.engine.derived import establish
from bonafide.engine.funds.home import BY_LINK, bring_home, clear_facts, share_of
from bonafide.engine.funds.layout import (
    ACCOUNT, FEE, FLOW_WORDS, G_AMOUNT, G_CAME, G_HOME, G_HOPS, G_LEFT, G_MERCHANT, G_MOVE, G_MOVES, G_NUMBER,
    G_ORDER, G_PAID, G_PAYER, G_PAYMENT, G_SEQ, HOPS_MAX, MERCHANT, MOVE_WORDS, N_COUNT, N_LINKED_AT, N_MERCHANTS,
    N_OWNER, N_SERVED, PLACE_SLOT, SETTLED_MAX, TAG_WORDS, W_AMOUNT, W_COUNT, W_ORDER, W_OWNER, W_PLACES, W_SENDER,
    W_SEQ, W_TIME, W_TO, W_UNSETTLED, W_VIA,
)  # fmt: skip
from bonafide.engine.funds.places import (
    copy_words, find_place, is_little, keep, lessen, make_place, place_hash, put, serve, tag_of,
)  # fmt: skip
from bonafide.engine.kernel import inner, shift
from bonafide.engine.lookahead import ask_slot
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.siphash import ABSENT

(TIME, AMOUNT, USER, SHOP, ORDER, PAYMENT_ID, ACCOUNT_ID, FROM, TO, OWNER, OWNER_TYPE, STATUS, REFUND_TO, EVENT_ID,
 PAY_WITH, RECYCLED) = (
    FIELDS[name].place for name in (
        "time", "amount", "user_id", "merchant_id", "order_id", "payment_id", "account_id", "from_account_id",
        "to_account_id", "owner_id", "owner_type", "status", "to", "event_id", "pay_with", "recycled_share",
    )
)  # fmt: skip
PAYMENT_STATUS, REFUND, PAYOUT, TRANSFER, ACCOUNT_LINK, REPAYMENT, CREDIT_RECYCLED = (
    TYPE_CODE[name] for name in (
        "payment_status", "refund", "payout", "transfer", "account_link", "repayment", "credit_recycled"
    )
)  # fmt: skip
CREDIT, ORIGINAL, MISSED, COMPLETED, BY_USER, BY_MERCHANT = (
    WORD_CODE[word] for word in ("credit", "original", "missed", "completed", "user", "merchant")
)
VIA_PAYOUT, VIA_TRANSFER, VIA_REFUND = (WORD_CODE[word] for word in ("payout", "transfer", "refund"))


@inner
def ask_takings(mem, plan, event):
    """Ask for the slot of a merchant whose payment may be completed; see engine.lookahead."""
    if event[TYPE] == PAYMENT_STATUS:
        ask_slot(mem, H_FUNDS, place_hash(plan, MERCHANT, event[SHOP]), PLACE_SLOT)


@inner
def start(mem, plan, payment, known_at, seq, work):
    """A credit payment is completed: its money is at its merchant from the later of the two moments on."""
    if payment[PAY_WITH] != CREDIT or payment[AMOUNT] == ABSENT:
        return
    tag = shift(work, FLOW_WORDS)
    for w in range(TAG_WORDS):
        tag[w] = 0
    tag[G_PAYER], tag[G_MERCHANT], tag[G_PAYMENT] = payment[USER], payment[SHOP], payment[EVENT_ID]
    tag[G_ORDER], tag[G_AMOUNT], tag[G_LEFT] = payment[ORDER], payment[AMOUNT], payment[AMOUNT]
    tag[G_PAID], tag[G_CAME] = payment[TIME], max(payment[TIME], known_at)
    tag[G_NUMBER], tag[G_SEQ] = mem[H_ORDER], seq
    keep(mem, plan, MERCHANT, payment[SHOP], tag)


@inner
def follow(mem, plan, event, seq, work, queue, trail):
    """Follow the money of an event that moves or ends some, and note on its row what it brought home."""
    kind = event[TYPE]
    if kind == TRANSFER or kind == PAYOUT or kind == REFUND:
        clear_facts(event)
        if event[AMOUNT] == ABSENT:
            return
        if kind == REFUND and (event[REFUND_TO] == ABSENT or event[REFUND_TO] == ORIGINAL):
            _cancel(mem, plan, event, G_ORDER, event[ORDER], event[AMOUNT])
        else:
            _move(mem, plan, event, kind, seq, work, queue, trail)
    elif kind == PAYMENT_STATUS:
        if event[STATUS] != COMPLETED:
            _cancel(mem, plan, event, G_PAYMENT, event[PAYMENT_ID], np.int64(2**62))
    elif kind == REPAYMENT:
        _repay(mem, plan, event, queue)
    elif kind == ACCOUNT_LINK:
        _link(mem, plan, event, seq, work, queue, trail)


@inner
def _cancel(mem, plan, event, word, value, amount):
    """A payment was undone, or an order refunded to where it was paid from: that is no longer the merchant's."""
    place = find_place(mem, plan, MERCHANT, event[SHOP], event[TIME])
    if not place:
        return
    i = np.int64(0)
    while i < mem[place + N_COUNT] and amount > 0:
        tag = tag_of(place, i)
        stays = True
        if mem[tag + word] == value:
            taken = min(mem[tag + G_LEFT], amount)
            amount -= taken
            stays = lessen(mem, place, i, taken)
        if stays:
            i += 1


@inner
def _repay(mem, plan, event, queue):
    """Credit that is repaid from an account where credit money had come home."""
    if event[ACCOUNT_ID] == ABSENT or event[STATUS] == MISSED or event[AMOUNT] == ABSENT:
        return
    place = find_place(mem, plan, ACCOUNT, event[ACCOUNT_ID], event[TIME])
    if not place:
        return
    used = _spend_home(mem, place, event[AMOUNT], event[TIME], event[USER])
    if used > 0:
        row = establish(queue, CREDIT_RECYCLED, event[TIME])
        row[USER] = event[USER]
        row[ACCOUNT_ID] = event[ACCOUNT_ID]
        row[AMOUNT] = used
        row[RECYCLED] = share_of(used, event[AMOUNT])


@inner
def _spend_home(mem, place, amount, time, payer):
    """Use up money that came home, newest first; only that of `payer`, unless it is ABSENT. How much it was."""
    used = np.int64(0)
    while used < amount:
        best = np.int64(-1)
        for i in range(mem[place + N_COUNT]):
            tag = shift(mem, tag_of(place, i))
            is_home = tag[G_HOME] and tag[G_CAME] <= time and (payer == ABSENT or tag[G_PAYER] == payer)
            if is_home and (best < 0 or _is_newer(tag, shift(mem, tag_of(place, best)))):
                best = np.int64(i)
        if best < 0:
            return used
        taken = min(mem[tag_of(place, best) + G_LEFT], amount - used)
        used += taken
        lessen(mem, place, best, taken)
    return used


@inner
def _is_newer(a, b):
    """Whether one tag came later than another."""
    if a[G_CAME] != b[G_CAME]:
        return a[G_CAME] > b[G_CAME]
    return a[G_NUMBER] > b[G_NUMBER]


@inner
def _move(mem, plan, event, kind, seq, work, queue, trail):
    """A payout, a transfer or a refund elsewhere: what is its receiver's own comes home, the rest may go on."""
    source, to = event[SHOP], event[ACCOUNT_ID]
    if kind == TRANSFER:
        source, to = event[FROM], event[TO]
        if source == to:
            return
    if kind == PAYOUT:
        serve(mem, make_place(mem, plan, ACCOUNT, to, event[TIME]), event[SHOP])
    flow = work
    flow[W_TIME], flow[W_AMOUNT], flow[W_UNSETTLED], flow[W_SEQ] = event[TIME], event[AMOUNT], event[AMOUNT], seq
    flow[W_VIA] = VIA_TRANSFER if kind == TRANSFER else VIA_PAYOUT if kind == PAYOUT else VIA_REFUND
    flow[W_TO] = to
    flow[W_SENDER] = source if kind == TRANSFER else ABSENT
    flow[W_ORDER] = event[ORDER] if kind == REFUND else ABSENT
    owner = _owner(mem, plan, to, event[TIME])  # asked of a refund, too: the account's clock goes on
    flow[W_OWNER] = event[USER] if kind == REFUND else owner
    _draw_on(mem, plan, flow, ACCOUNT if kind == TRANSFER else MERCHANT, source)
    if kind == TRANSFER and flow[W_COUNT] > 0:
        _spend_home(mem, flow[W_PLACES], event[AMOUNT], event[TIME], ABSENT)
    _settle(mem, plan, flow, shift(work, FLOW_WORDS), event, queue, trail)
    if to == ABSENT:
        return
    if kind == PAYOUT:
        _carry_newest(mem, plan, flow, shift(work, FLOW_WORDS), shift(work, FLOW_WORDS + TAG_WORDS))
    else:
        _carry_all(mem, plan, flow, shift(work, FLOW_WORDS))


@inner
def _owner(mem, plan, account, time):
    """The user whose account it is by the link in force; ABSENT where there is none."""
    place = np.int64(0) if account == ABSENT else find_place(mem, plan, ACCOUNT, account, time)
    return mem[place + N_OWNER] if place else ABSENT


@inner
def _draw_on(mem, plan, flow, kind, source):
    """The places that a flow draws on: where it leaves, and for an account the merchants that it belongs to."""
    flow[W_COUNT] = 0
    first = find_place(mem, plan, kind, source, flow[W_TIME])
    if not first:
        return
    flow[W_PLACES] = first
    count = np.int64(1)
    for i in range(mem[first + N_SERVED]):
        place = find_place(mem, plan, MERCHANT, mem[first + N_MERCHANTS + i], flow[W_TIME])
        if place:
            flow[W_PLACES + count] = place
            count += 1
    flow[W_COUNT] = count


@inner
def _is_own(tag, flow):
    """Whether a tag is the receiver's own, and was there by then."""
    return tag[G_PAYER] == flow[W_OWNER] and tag[G_HOME] == 0 and tag[G_CAME] <= flow[W_TIME]


@inner
def _may_go(tag, flow):
    """Whether a tag is somebody else's, and was there by then."""
    return tag[G_PAYER] != flow[W_OWNER] and tag[G_HOME] == 0 and tag[G_CAME] <= flow[W_TIME]


@inner
def fits(left, amount):
    """Whether a flow of this size can be this money less a fee."""
    return left >= amount and amount * FEE >= left * (FEE - 1)


@inner
def _settle(mem, plan, flow, tag, event, queue, trail):
    """The receiver's own money: that of the order, else the payment that fits best, else all of it in proportion where
    that fits, else the newest first."""
    if flow[W_OWNER] == ABSENT:
        return
    of_order, best_place, best = _choose(mem, flow)
    if best >= 0 and not of_order:
        taken = min(mem[tag_of(best_place, best) + G_LEFT], flow[W_UNSETTLED])
        bring_home(mem, plan, best_place, best, taken, flow, tag, event, queue, trail)
        return
    ratio, over, most = _proportion(mem, flow, of_order)
    came, number, p = np.int64(2**63 - 1), np.int64(2**63 - 1), np.int64(0)
    for n in range(most):
        if flow[W_UNSETTLED] <= 0:
            return
        p, i = _next_own(mem, flow, of_order, came, number, p)
        if i < 0:
            return
        place = flow[W_PLACES + p]
        at = tag_of(place, i)
        came, number = mem[at + G_CAME], mem[at + G_NUMBER]
        taken = min(mem[at + G_LEFT], flow[W_UNSETTLED])
        if ratio > 0.0:
            taken = min(taken, np.int64(floor(mem[at + G_LEFT] * ratio)) + (1 if n < over else 0))
        if taken > 0:
            bring_home(mem, plan, place, i, taken, flow, tag, event, queue, trail)


@inner
def _proportion(mem, flow, of_order):
    """(what part of each own tag a flow takes, how many of them give one more, how many tags it takes from): of the
    shortest run of the newest that together are this money less a fee. Where none is, (0, 0, SETTLED_MAX)."""
    run, total = _newest_own(mem, flow, of_order, 0.0, SETTLED_MAX)
    if run < 2 or not fits(total, flow[W_AMOUNT]):
        return 0.0, np.int64(0), np.int64(SETTLED_MAX)
    ratio = flow[W_AMOUNT] / total
    _, parts = _newest_own(mem, flow, of_order, ratio, run)
    return ratio, flow[W_AMOUNT] - parts, run


@inner
def _newest_own(mem, flow, of_order, ratio, most):
    """(how many, what is left of them together) of the newest own tags: the shortest run, of two or more, that the flow
    fits, or `most`. With a `ratio`, that part of each of `most`."""
    total, count = np.int64(0), np.int64(0)
    came, number, p = np.int64(2**63 - 1), np.int64(2**63 - 1), np.int64(0)
    while count < most:
        p, i = _next_own(mem, flow, of_order, came, number, p)
        if i < 0:
            return count, total
        at = tag_of(flow[W_PLACES + p], i)
        came, number = mem[at + G_CAME], mem[at + G_NUMBER]
        total += np.int64(floor(mem[at + G_LEFT] * ratio)) if ratio > 0.0 else mem[at + G_LEFT]
        count += 1
        if ratio == 0.0 and count > 1 and fits(total, flow[W_AMOUNT]):
            return count, total
    return count, total


@inner
def _choose(mem, flow):
    """(whether there is money of the flow's order, the place and number of the own tag that fits best, or -1)."""
    best_place, best, of_order = np.int64(0), np.int64(-1), False
    for p in range(flow[W_COUNT]):
        place = flow[W_PLACES + p]
        for i in range(mem[place + N_COUNT]):
            tag = shift(mem, tag_of(place, i))
            if _is_own(tag, flow):
                of_order = of_order or (flow[W_ORDER] != ABSENT and tag[G_ORDER] == flow[W_ORDER])
                if fits(tag[G_LEFT], flow[W_AMOUNT]) and (
                    best < 0 or _fits_better(tag, shift(mem, tag_of(best_place, best)))
                ):
                    best_place, best = place, np.int64(i)
    return of_order, best_place, best


@inner
def _fits_better(a, b):
    """Whether, of two tags that fit a flow, the first has less left; of equal ones the newer one."""
    return a[G_LEFT] < b[G_LEFT] or (a[G_LEFT] == b[G_LEFT] and _is_newer(a, b))


@inner
def _next_own(mem, flow, of_order, came, number, last):
    """(number of a place, number of its tag) of the newest own tag after the one taken last, or (0, -1); of the order
    only, if asked. Where a payment stands in two places alike, they come in their order."""
    best_p, best = np.int64(0), np.int64(-1)
    for p in range(flow[W_COUNT]):
        place = flow[W_PLACES + p]
        for i in range(mem[place + N_COUNT]):
            tag = shift(mem, tag_of(place, i))
            later = tag[G_CAME] < came or (tag[G_CAME] == came and tag[G_NUMBER] < number)
            later = later or (tag[G_CAME] == came and tag[G_NUMBER] == number and p > last)
            asked = later and _is_own(tag, flow) and (not of_order or tag[G_ORDER] == flow[W_ORDER])
            if asked and (best < 0 or _is_newer(tag, shift(mem, tag_of(flow[W_PLACES + best_p], best)))):
                best_p, best = np.int64(p), np.int64(i)
    return best_p, best


@inner
def _carry_all(mem, plan, flow, piece):
    """All that may go on with a flow whose money can be anybody's: each payment is followed as if it were alone."""
    to = np.int64(0)
    for p in range(flow[W_COUNT]):
        place = flow[W_PLACES + p]
        for i in range(mem[place + N_COUNT]):
            tag = shift(mem, tag_of(place, i))
            if _may_go(tag, flow) and _piece(tag, min(tag[G_LEFT], flow[W_AMOUNT]), flow, piece):
                to = put(mem, to or make_place(mem, plan, ACCOUNT, flow[W_TO], flow[W_TIME]), piece)


@inner
def _carry_newest(mem, plan, flow, piece, order):
    """What goes on with a payout: the newest first, as far as its amount goes, and it leaves the merchant."""
    if flow[W_COUNT] == 0:
        return
    place, to = flow[W_PLACES], np.int64(0)
    n = _oldest_first(mem, place, flow, order)
    while n > 0 and flow[W_UNSETTLED] > 0:
        n -= 1
        i, last = order[n], mem[place + N_COUNT] - 1
        tag = shift(mem, tag_of(place, i))
        part = min(tag[G_LEFT], flow[W_UNSETTLED])
        if _piece(tag, part, flow, piece):
            flow[W_UNSETTLED] -= part
            if not lessen(mem, place, i, part):
                _moved(order, n, last, i)
            to = put(mem, to or make_place(mem, plan, ACCOUNT, flow[W_TO], flow[W_TIME]), piece)


@inner
def _oldest_first(mem, place, flow, order):
    """Write the numbers of a place's tags that may go on into `order`; how many these are. Most stand in this order
    already, since a tag is put behind those that came before it."""
    count = np.int64(0)
    for i in range(mem[place + N_COUNT]):
        tag = shift(mem, tag_of(place, i))
        if _may_go(tag, flow):
            at = count
            while at > 0 and _is_newer(shift(mem, tag_of(place, order[at - 1])), tag):
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
            count += 1
    return count


@inner
def _moved(order, n, before, after):
    """Of the first n numbers of tags, the one that was moved has another."""
    for m in range(n):
        if order[m] == before:
            order[m] = after


@inner
def _piece(tag, part, flow, piece):
    """Write what a flow carries of somebody else's tag; False where it is too little, too far, or back where it was."""
    hops = tag[G_HOPS] + (0 if flow[W_VIA] == VIA_PAYOUT and flow[W_OWNER] == ABSENT else 1)
    if is_little(part, tag[G_AMOUNT]) or hops >= HOPS_MAX:
        return False
    for m in range(tag[G_MOVES]):
        if tag[G_MOVE + m * MOVE_WORDS] == flow[W_TO]:
            return False
    copy_words(tag, piece, TAG_WORDS)
    move = G_MOVE + tag[G_MOVES] * MOVE_WORDS
    piece[move], piece[move + 1], piece[move + 2], piece[move + 3] = flow[W_TO], flow[W_SEQ], flow[W_TIME], part
    piece[G_MOVES] = tag[G_MOVES] + 1
    piece[G_LEFT] = part
    piece[G_CAME] = flow[W_TIME]
    piece[G_HOPS] = hops
    return True


@inner
def _link(mem, plan, event, seq, work, queue, trail):
    """Whose an account is from now on; a payer's money that stands there has come home."""
    place = make_place(mem, plan, ACCOUNT, event[ACCOUNT_ID], event[TIME])
    if event[OWNER_TYPE] == BY_MERCHANT:
        serve(mem, place, event[OWNER])
    if event[TIME] < mem[place + N_LINKED_AT]:
        return
    mem[place + N_LINKED_AT] = event[TIME]
    mem[place + N_OWNER] = event[OWNER] if event[OWNER_TYPE] == BY_USER else ABSENT
    if event[OWNER_TYPE] != BY_USER:
        return
    flow = work
    flow[W_TIME], flow[W_SEQ], flow[W_TO], flow[W_OWNER] = event[TIME], seq, event[ACCOUNT_ID], event[OWNER]
    flow[W_VIA], flow[W_ORDER], flow[W_SENDER], flow[W_COUNT] = BY_LINK, ABSENT, ABSENT, 1
    came, number = np.int64(2**63 - 1), np.int64(2**63 - 1)
    for _ in range(SETTLED_MAX):
        flow[W_PLACES] = find_place(mem, plan, ACCOUNT, event[ACCOUNT_ID], event[TIME])
        _, i = _next_own(mem, flow, False, came, number, 0)
        if i < 0:
            return
        place = flow[W_PLACES]
        at = tag_of(place, i)
        came, number = mem[at + G_CAME], mem[at + G_NUMBER]
        flow[W_AMOUNT] = flow[W_UNSETTLED] = mem[at + G_LEFT]
        bring_home(mem, plan, place, i, mem[at + G_LEFT], flow, shift(work, FLOW_WORDS), event, queue, trail)
