"""A log that the worker has followed: a user whose score fell, a merchant that never applied, alerts of three days."""

from __future__ import annotations

from bonafide.core.pseudonym import show_token
from tests.apps.console.kit import Site
from tests.office.days.kit import Made, follow, log_of

USER, MERCHANT = show_token(1), show_token(101)
PAGES = (
    f"/subjects/user/{USER}", f"/merchants/{MERCHANT}",
    "/subjects/user/~00000000000000ee", "/subjects/device/~00000000000000ee",
)  # fmt: skip


def follow_some(site: Site) -> None:
    """Have a site's worker follow it."""
    follow(site.bureau.store, log_of(
        Made(credit_score=640), Made(day=1, credit_score=520, outcome="verify", alert=True),
        Made("payout", merchant=1, day=1, outcome="hold", credit_score=500, amount=90_000, alert=True),
        Made(user=2, day=2),
    ))  # fmt: skip
