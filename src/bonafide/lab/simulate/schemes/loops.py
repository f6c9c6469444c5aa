"""Schemes that show in where the money goes: home through the shop, or back as a refund to another channel."""

from __future__ import annotations

from bonafide.lab.simulate.people import User
from bonafide.lab.simulate.schemes.rounds import Round, Scheme


class UserMerchantLoop(Scheme):
    """T1: a purchase, and within a day or two about its amount comes home from the shop, less a fee."""

    typology = "user_merchant_loop"

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.open_shops, 2), self.rng.randint(1, 4), self.hours(0.5, 30),
                     use=0.9, shaped=0.4, seen=0.9)  # fmt: skip


class RefundElsewhere(Scheme):
    """T10: a purchase on credit whose refund goes to a balance, a bank account or is paid in cash."""

    typology = "refund_elsewhere"

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.tempted, 2), self.rng.randint(1, 4), self.hours(0.2, 24),
                     use=0.85, shaped=0.3, at_night=0.1, delivery="none", home="refund")  # fmt: skip


class PerfectBill(Scheme):
    """T15: cash-out dressed as the spending of an ordinary month."""

    typology = "perfect_bill"
    rounds_per_month = 1.0

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.open_shops, 2), self.rng.randint(6, 16), self.hours(192, 528),
                     use=0.9, shaped=0.1, at_night=0.03, like_life=True, ring_device=0.0, delivery="sent")  # fmt: skip
