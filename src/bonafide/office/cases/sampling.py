"""Which decisions a second person looks at: a seeded share, drawn by a hash that nobody at the desk can tell."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from bonafide.office.store.tables import case_looks

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHARE_PERCENT: Final = 10
_DRAWN_FROM: Final = 2**32


def is_drawn(secret: bytes, number: int, step: int) -> bool:
    """Whether a decision is drawn; `secret` is the data directory's."""
    told = hmac.digest(secret, b"bonafide second look 1\n%d %d" % (number, step), "sha256")
    return int.from_bytes(told[:4], "big") * 100 < SHARE_PERCENT * _DRAWN_FROM


def draw_look(connection: Connection, secret: bytes, number: int, step: int, label: str, now: int) -> bool:
    """Note in a decision's transaction that it is to be looked at again, if it is drawn; whether it is."""
    if not is_drawn(secret, number, step):
        return False
    row = {"step": step, "case_number": number, "label": label, "drawn_ms": now}
    connection.execute(case_looks.insert().values(**row))
    return True


def agreement(pairs: list[tuple[str, str]]) -> dict[str, float | int | None]:
    """How often the second look says the same, and Cohen's kappa (1960): agreement beyond what chance gives.

    >>> agreement([("genuine", "genuine"), ("cash_out", "cash_out"), ("cash_out", "genuine"), ("genuine", "genuine")])
    {'looked': 4, 'agreed': 3, 'agreed_fraction': 0.75, 'kappa': 0.5}
    >>> agreement([])
    {'looked': 0, 'agreed': 0, 'agreed_fraction': None, 'kappa': None}
    """
    n = len(pairs)
    agreed = sum(one == other for one, other in pairs)
    if not n:
        return {"looked": 0, "agreed": 0, "agreed_fraction": None, "kappa": None}
    labels = {label for both in pairs for label in both}
    chance = sum(
        sum(one == label for one, _ in pairs) * sum(other == label for _, other in pairs) for label in labels
    ) / n**2  # fmt: skip
    kappa = None if chance == 1 else round((agreed / n - chance) / (1 - chance), 4)
    return {"looked": n, "agreed": agreed, "agreed_fraction": round(agreed / n, 4), "kappa": kappa}
