"""What people come to know, and when: by investigators, busts of shops, chargebacks and appeals.

Labels are late, few and at times wrong; the truth stays apart. What becomes known becomes a verdict in the log at that
moment, and has consequences: a line is cut or closed, a shop is closed, and the ring behind it grows careful.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Payment, Rails
from bonafide.lab.simulate.schemes.cast import Cast
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream
from bonafide.lab.simulate.truth import PAYMENT
from bonafide.lab.simulate.world import World

RECALL: Final = 0.3
"""Cash-out users of a month whom an investigator finds."""
INVESTIGATION_DAYS: Final = (3, 30)
INVESTIGATED_DAYS: Final = 20
"""How far back an investigator looks."""
SHOP_NAMED_FRACTION: Final = 0.3
"""Findings about a user that name the shops, too."""
PRECISION: Final = 0.95
CLEARED_PER_CONFIRMED: Final = 2.0
"""Honest users who are looked at and cleared, for each one who is confirmed."""
WRONG_FRACTION: Final = 0.02
"""Of an investigator's findings on single payments."""
BUST_FRACTION: Final = 0.5
"""Bad shops that are found out, after BUST_DAYS of trading for cash."""
BUST_DAYS: Final = (14, 60)
BUST_REACH_DAYS: Final = 30
"""How far back a bust looks."""
CHARGEBACK_FRACTION: Final = 0.004
"""Cash-out payments that somebody else's bank takes back."""
CUT_FRACTION: Final = 0.6
"""Confirmed users whose line is closed; the others' is cut to half."""
APPEAL_DAYS: Final = (2, 12)
REMEMBERED: Final = 400
"""Payments remembered of one suspect, the newest; of a shop ten times as many."""


class Labels:
    """Watches payments as an outsider who has the truth would, and lets some of it become known."""

    def __init__(self, world: World, rails: Rails, cast: Cast) -> None:
        self.world = world
        self.rails = rails
        self.cast = cast
        self._rng: Stream = world.stream("labels")
        self._of_user: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        self._of_shop: dict[int, list[tuple[int, User]]] = defaultdict(list)
        self._looked_at: dict[int, int] = {}
        self._odd: list[tuple[int, User, str]] = []
        rails.watch = self.see

    def see(self, payment: Payment, odd: bool) -> None:
        """A payment is made; `odd` says that it looks like cash-out, whether it is or not."""
        rng, now = self._rng, payment.time
        user, shop = payment.user, payment.shop
        if shop.role is not None:
            kept = self._of_shop[shop.n]
            kept.append((payment.number, user))
            del kept[: -10 * REMEMBERED]
        if not payment.tag.bad:
            if odd and rng.random() < 0.05:
                self._odd.append((payment.number, user, shop.id))
                del self._odd[:-REMEMBERED]
            return
        kept_of_user = self._of_user[user.n]
        kept_of_user.append((payment.number, now, shop.id))
        del kept_of_user[:-REMEMBERED]
        if now - self._looked_at.get(user.n, -DAY_MS * 30) >= 30 * DAY_MS:
            self._looked_at[user.n] = now
            if rng.random() < RECALL:
                self.world.clock.at(now + self._days(INVESTIGATION_DAYS), self._confirm, user)
        if shop.first_bad == now and rng.random() < BUST_FRACTION:
            self.world.clock.at(now + self._days(BUST_DAYS), self._bust, shop)
        if rng.random() < CHARGEBACK_FRACTION:
            self.world.clock.at(
                now + self._days((10, 40)), self._tell, payment.number, user, shop.id, True, "chargeback"
            )

    def _days(self, span: tuple[float, float]) -> int:
        return int(self._rng.uniform(*span) * DAY_MS)

    def _confirm(self, user: User) -> None:
        """An investigator has looked at a user who cashes out; others were cleared meanwhile, or wrongly convicted."""
        rng, now = self._rng, self.world.clock.now
        names_shop = rng.random() < SHOP_NAMED_FRACTION
        for number, made, shop in self._of_user[user.n]:
            if now - made < INVESTIGATED_DAYS * DAY_MS:
                wrong = rng.random() < WRONG_FRACTION
                self._tell(number, user, shop if names_shop else None, not wrong, "analyst")
        self._tell_of("user", user.id, True)
        self._punish(user)
        for _ in range(int(CLEARED_PER_CONFIRMED + rng.random())):
            if self._odd:
                number, other, shop = self._odd.pop(rng.randrange(len(self._odd)))
                self._tell(number, other, shop, rng.random() < WRONG_FRACTION, "analyst")
        if self._odd and rng.random() < 1 - PRECISION:
            self._convict_wrongly(*self._odd.pop(rng.randrange(len(self._odd))))

    def _convict_wrongly(self, number: int, user: User, shop: str) -> None:
        self._tell(number, user, shop, True, "analyst")
        self._tell_of("user", user.id, True)
        if user.closed:
            return
        limit = user.limit
        self.rails.set_limit(user, _half(limit), "cut")
        self.world.clock.at(
            self.world.clock.now + self._days(APPEAL_DAYS), self._uphold_appeal, number, user, shop, limit
        )

    def _uphold_appeal(self, number: int, user: User, shop: str, limit: int) -> None:
        self._tell(number, user, shop, False, "appeal")
        if not user.closed:
            self.rails.set_limit(user, limit, "raise")

    def _punish(self, user: User) -> None:
        if user.closed:
            return
        if self._rng.random() < CUT_FRACTION:
            self.rails.set_limit(user, 0, "close")
        else:
            self.rails.set_limit(user, _half(user.limit), "cut")
        self.cast.blocked(user=user)

    def _bust(self, shop: Shop) -> None:
        """A shop is found out: its recent buyers' payments are judged in one batch, and it is closed."""
        rng, truth, since = self._rng, self.world.truth, self.world.clock.now - BUST_REACH_DAYS * DAY_MS
        recent = [(number, user) for number, user in self._of_shop[shop.n] if truth.made_at(number) >= since]
        bad = sum(truth.is_bad(number) for number, _ in recent)
        # As many honest ones are taken for bad as bad ones for honest, however much the shop sells.
        missed, mistaken = WRONG_FRACTION / 2, WRONG_FRACTION / 2 * bad / max(1, len(recent) - bad)
        for number, user in recent:
            guilty = truth.is_bad(number)
            if guilty or rng.random() < mistaken:
                self._tell(number, user, shop.id, not guilty or rng.random() >= missed, "partner")
        self._tell_of("merchant", shop.id, True)
        shop.busted = True
        shop.closed = shop.role == "sham"
        self.cast.blocked(shop=shop)

    def _tell(self, number: int, user: User, shop: str | None, bad: bool, source: str) -> None:
        now = self.world.clock.now
        if self.world.truth.learn(number, now, bad, source):
            self.world.feed.tell(
                "verdict", now, "event", f"{PAYMENT}{number}", "cash_out" if bad else "genuine", source,
                "confirmed" if bad and source != "chargeback" else None, user.id, shop,
            )  # fmt: skip

    def _tell_of(self, subject_type: str, subject: str, bad: bool) -> None:
        self.world.feed.tell(
            "verdict", self.world.clock.now, subject_type, subject, "cash_out" if bad else "genuine", "analyst",
            "confirmed" if bad else None, subject if subject_type == "user" else None,
            subject if subject_type == "merchant" else None,
        )  # fmt: skip


def _half(limit: int) -> int:
    """Half of a limit, in whole hundreds of yuan."""
    return limit // 2 // (100 * YUAN) * 100 * YUAN
