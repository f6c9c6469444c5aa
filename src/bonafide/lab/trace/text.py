"""A trace as people read it at a terminal, in Chinese or English, in lines of a given width."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from bonafide.core.lines import WIDTH_MAX, WIDTH_MIN, indented, wrap
from bonafide.core.text import shorten
from bonafide.lab.explain.words import Lang
from bonafide.lab.trace.loops import End, Move
from bonafide.lab.trace.money import Loop
from bonafide.lab.trace.owners import Owner
from bonafide.lab.trace.shared import KINDS_SHOWN, Resource, Who
from bonafide.lab.trace.trace import Trace
from bonafide.lab.trace.words import (
    amount_told,
    counted,
    delay_told,
    name_of,
    people_told,
    share_told,
    span_told,
    thing,
    time_told,
    told,
)  # fmt: skip

SHOWN_MAX: Final = 12
"""Go-betweens, partners, resources and findings of each kind that the text tells; JSON tells all."""
HANDFUL: Final = 5
"""Others who use a resource that are named."""


def trace_text(trace: Trace, lang: Lang, width: int, limit: int) -> str:
    """Everything there is to say about a subject's money and ties; of its loops the newest `limit`."""
    pen = Pen(trace, lang, width)
    parts = [pen.opening(), pen.money(), pen.between(), pen.ways(limit), pen.through(), pen.found(), pen.shared()]
    return "\n\n".join("\n".join(part) for part in parts if part)


class Pen:
    """Writes one trace in one language."""

    def __init__(self, trace: Trace, lang: Lang, width: int) -> None:
        self.trace = trace
        self.lang = lang
        self.width = min(max(width, WIDTH_MIN), WIDTH_MAX)

    def told(self, name: str, **parts: Any) -> str:
        return told(name, self.lang, **parts)

    def amount(self, amount: int, currency: str | None = None) -> str:
        return amount_told(amount, currency or self.trace.money.currency, self.lang)

    def owner(self, owner: Owner | None) -> str:
        """` of X` behind an account; nothing where its owner is not known."""
        return "" if owner is None else self.told("of", owner=thing(*owner, self.lang))

    def opening(self) -> list[str]:
        """The subject, the moment, and who stands behind it."""
        subject, latest = self.trace.subject, self.trace.until_ms or self.trace.last_ms
        kind, name = name_of(subject.kind, self.lang), shorten(subject.id)
        if latest is None:
            lines = [self.told("title empty", kind=kind, id=name)]
        else:
            lines = [self.told("title", kind=kind, id=name, time=time_told(latest))]
        if subject.kind == "account":
            owner = self.trace.owner
            of = self.told("account unknown") if owner is None else thing(*owner, self.lang)
            lines.append(of if owner is None else self.told("account of", owner=of))
        if subject.kind == "event" or (subject.kind == "account" and self.trace.owner is None):
            people = [thing("user", name, self.lang) for name in subject.people.users]
            people += [thing("merchant", name, self.lang) for name in subject.people.merchants]
            lines += wrap(self.told("behind", people=self.listed(people)), self.width) if people else []
        for file in self.trace.changed_inputs:
            lines += wrap(self.told("changed", file=file), self.width)
        return lines

    def listed(self, names: list[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(names)

    def money(self) -> list[str]:
        """How much came home, of how many payments, how fast."""
        totals, lines = self.trace.money.totals, [self.told("money")]
        if not totals.payments:
            name = "no loops" if self.trace.follows_money else "not followed"
            return [*lines, *indented("  ", self.told(name, id=shorten(self.trace.subject.id)), self.width)]
        sums = self.told(
            "totals", payments=counted("payment", totals.payments, self.lang), home=self.amount(totals.home),
            amount=self.amount(totals.amount), share=share_told(totals.home, totals.amount, self.lang),
            closed=f"{totals.closed:,}",
        )  # fmt: skip
        middle = self.told(
            "median",
            delay=delay_told(totals.median_delay_ms or 0, self.lang),
            hops=counted("hop", totals.median_hops or 0, self.lang),
        )
        return [*lines, *indented("  ", sums, self.width), *indented("  ", middle, self.width)]

    def between(self) -> list[str]:
        """The accounts on the way, by how many loops pass through them."""
        found = self.trace.money.between
        if not found:
            return []
        lines = [self.told("between")]
        for one in found[:SHOWN_MAX]:
            account = thing("account", one.account_id, self.lang) + self.owner(one.owner)
            lines += indented(f"  {counted('loop', one.loops, self.lang)}   ", account, self.width)
        return lines + self.more("more flows", len(found) - SHOWN_MAX)

    def more(self, name: str, number: int) -> list[str]:
        return [f"  {self.told(name, n=f'{number:,}')}"] if number > 0 else []

    def ways(self, limit: int) -> list[str]:
        """Each loop, step by step."""
        loops = self.trace.money.loops
        if not loops:
            return []
        lines = [self.told("ways")]
        for loop in loops[:limit]:
            lines += ["", *self.way(loop)]
        more = self.more("more ways", len(loops) - limit)
        return [*lines, "", *more] if more else lines

    def way(self, loop: Loop) -> list[str]:
        """One payment's way home."""
        path = loop.path
        head = self.told(
            "way", id=shorten(path.payment.event_id), returned=self.amount(path.returned),
            delay=delay_told(path.delay_ms, self.lang), hops=counted("hop", loop.hops, self.lang),
        )  # fmt: skip
        whole = self.told(
            "whole", share=share_told(path.home, path.amount, self.lang), amount=self.amount(path.amount)
        )  # fmt: skip
        facts = [whole, self.told("closes" if path.closes else "open")]
        if path.home != path.returned:
            facts.insert(0, self.told("with earlier", home=self.amount(path.home)))
        if path.fee_at_most:
            facts.insert(-1, self.told("fee", fee=self.amount(path.fee_at_most)))
        facts += [text for role in loop.roles if (text := name_of(f"role {role}", self.lang))]
        lines = [*indented("  ", head, self.width), *indented("    ", self.joined(facts), self.width)]
        before = None
        for number, move in enumerate(path.moves, 1):
            lines += self.step(number, move, before)
            before = move
        return lines

    def joined(self, facts: list[str]) -> str:
        return ("；" if self.lang == "zh" else "; ").join(facts)

    def step(self, number: int, move: Move, before: Move | None) -> list[str]:
        """One move: when, how much, from whom to whom, and how much of it can be the payment's money."""
        amount = "" if move.amount is None else self.amount(move.amount, move.currency)
        head = self.told(
            "step", number=number, type=name_of(move.type, self.lang), id=shorten(move.event_id),
            time=time_told(move.time), amount=amount,
        )  # fmt: skip
        facts = [self.told("from to", source=self.end(move.source, move), target=self.end(move.target, move))]
        if before is not None and move.part != move.amount:
            facts.append(self.told("part", part=self.amount(move.part)))
        if before is not None and move.part < before.part:
            facts.append(self.told("less", less=self.amount(before.part - move.part)))
        return [*indented("    ", head.rstrip(), self.width), *indented("       ", self.joined(facts), self.width)]

    def end(self, end: End | None, move: Move) -> str:
        """Where money left or arrived, an account with whose it was then."""
        if end is None:
            return self.told("nowhere")
        shown = thing(end.kind, end.id, self.lang)
        return shown if end.kind != "account" else shown + self.owner(self.trace.money.owners.of(end.id, move.time))

    def through(self) -> list[str]:
        """What went through an account."""
        flows = self.trace.flows
        if flows is None or not flows.number:
            return []
        lines = [self.told("through")]
        for flow in flows.partners[:SHOWN_MAX]:
            row = self.told(
                "flow", direction=name_of(flow.direction, self.lang), type=name_of(flow.type, self.lang),
                partner=thing(flow.kind, flow.partner, self.lang), events=f"{flow.events:,}",
                amount=self.amount(flow.amount, flow.currency), span=span_told(flow.first, flow.last, self.lang),
            )  # fmt: skip
            lines += indented("  ", row, self.width, later="      ")
        return lines + self.more("more flows", flows.number - SHOWN_MAX)

    def found(self) -> list[str]:
        """What of all that is shared stands out."""
        shared, lines = self.trace.shared, [self.told("found")]
        for one in shared.self_purchases[:SHOWN_MAX]:
            what = self.listed([thing(kind, name, self.lang) for kind, name in one.shared[:HANDFUL]])
            lines += self.point(
                "self", user=thing("user", one.user_id, self.lang),
                merchant=thing("merchant", one.merchant_id, self.lang),
                payments=counted("payment", one.payments, self.lang), what=what,
            )  # fmt: skip
        lines += self.more("more", len(shared.self_purchases) - SHOWN_MAX)
        for common in shared.merchants[:SHOWN_MAX]:
            lines += self.point(
                "common", merchant=thing("merchant", common.merchant_id, self.lang),
                other=thing("merchant", common.other_id, self.lang), what=thing(common.kind, common.id, self.lang),
            )  # fmt: skip
        lines += self.more("more", len(shared.merchants) - SHOWN_MAX)
        for parcel in shared.parcels[:SHOWN_MAX]:
            ids = self.listed([shorten(name) for name in parcel.order_ids[:HANDFUL]])
            more = f" {self.told('more', n=parcel.orders - HANDFUL)}" if parcel.orders > HANDFUL else ""
            lines += self.point(
                "parcel", no=shorten(parcel.tracking_no), orders=f"{parcel.orders:,}", ids=ids + more,
                people=people_told(parcel.users, parcel.merchants, self.lang),
            )  # fmt: skip
        lines += self.more("more parcels", shared.parcels_reused - SHOWN_MAX)
        return lines if len(lines) > 1 else []

    def point(self, name: str, **parts: Any) -> list[str]:
        return indented("  - ", self.told(name, **parts), self.width)

    def shared(self) -> list[str]:
        """What others used too, then how much nobody else used."""
        resources = self.trace.shared.resources
        lines = [self.told("shared")]
        if not resources:
            return [*lines, *indented("  ", self.told("nothing used"), self.width)]
        common = [one for one in resources if one.is_shared or one.is_public]
        for resource in common[:SHOWN_MAX]:
            lines += self.resource(resource)
        lines += self.more("more resources", len(common) - SHOWN_MAX)
        if not common:
            lines += indented("  ", self.told("none shared"), self.width)
        return lines + self.alone([one for one in resources if not one.is_shared and not one.is_public])

    def resource(self, resource: Resource) -> list[str]:
        """Since when the subject used it, and who else did."""
        who, people = resource.subject, self.trace.subject.people
        several = len(people.users) + len(people.merchants) > 1
        head = self.told(
            "resource of" if several else "resource", what=thing(resource.kind, resource.id, self.lang),
            owner=thing(who.kind, who.id, self.lang), span=span_told(who.first, who.last, self.lang),
        )  # fmt: skip
        if resource.is_public:
            tail = self.told("public", people=people_told(resource.users, resource.merchants, self.lang))
        else:
            tail = self.told("used by", others=self.others(resource.others))
        return [*indented("  ", head, self.width), *indented("      ", tail, self.width)]

    def others(self, others: tuple[Who, ...]) -> str:
        names = self.listed([thing(one.kind, one.id, self.lang) for one in others[:HANDFUL]])
        more = len(others) - HANDFUL
        return f"{names} {self.told('more', n=more)}" if more > 0 else names

    def alone(self, resources: list[Resource]) -> list[str]:
        if not resources:
            return []
        kinds = Counter(one.kind for one in resources)
        shown = [f"{name_of(kind, self.lang)} {kinds[kind]:,}" for kind in KINDS_SHOWN if kind in kinds]
        text = self.told("alone", n=f"{len(resources):,}", kinds=self.listed(shown))
        return indented("  ", text, self.width)
