"""Trials made of two bundles, and the slow way to decide with one: two plain engines, and a function that picks."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from bonafide.core.decision import Decision, Receipt
from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.head import TrialHead
from bonafide.engine.bundles.trial import join
from bonafide.engine.engine import Engine

WHOLE = "whole"
SHADOW = TrialHead("shadow")


def rollout(percent: float = 50, control: float = 20, salt: str = "autumn") -> TrialHead:
    return TrialHead("rollout", percent, control, salt)


def tried(champion: Bundle, challenger: Bundle, told: TrialHead) -> Bundle:
    """One bundle of both; AssertionError where they cannot stand together."""
    sources = Sources({"bundle.yaml": b"{}"})
    bundle = join(sources, told, champion, challenger)
    assert bundle is not None, sources.mistakes
    return bundle._replace(hash=WHOLE)


def drawn_by_hand(seq: int, salt: str) -> float:
    """From 0 to 1."""
    return int(sha256(f"{seq} {salt}".encode()).hexdigest()[:16], 16) / 16**16


def arms_by_hand(log: Sequence[Fact], answers: Sequence[Decision | Receipt], told: TrialHead) -> list[str | None]:
    """Of each event, the arm that decides it."""
    first: dict[tuple[str, str], int] = {}
    arms: list[str | None] = []
    for event, answer in zip(log, answers, strict=True):
        if not isinstance(answer, Decision):
            arms.append(None)
            continue
        kind = next((kind for kind in ("user_id", "merchant_id") if getattr(event, kind, None)), None)
        if kind is None:
            arms.append("champion")
            continue
        seq = first.setdefault((kind, getattr(event, kind)), answer.seq)
        drawn, percent, control = drawn_by_hand(seq, told.salt or ""), told.percent or 0, told.control or 0
        arms.append("control" if drawn < control / 100 else "challenger" if drawn >= 1 - percent / 100 else "champion")
    return arms


def decided_by_hand(
    champion: Bundle, challenger: Bundle, log: Sequence[Fact], told: TrialHead
) -> list[Decision | Receipt]:  # fmt: skip
    """Two plain engines side by side, each over the whole log."""
    ours, theirs = (Engine(one._replace(hash=WHOLE)) for one in (champion, challenger))
    both = [(ours.decide_one(event), theirs.decide_one(event)) for event in log]
    if told.mode == "shadow":
        return [first for first, _ in both]
    arms = arms_by_hand(log, [first for first, _ in both], told)
    return [
        _in_arm(second if arm == "challenger" else first, arm) for (first, second), arm in zip(both, arms, strict=True)
    ]


def _in_arm(answer: Any, arm: str | None) -> Any:
    return answer if arm is None else msgspec.structs.replace(answer, arm=arm)


def without_measures(answers: Sequence[Decision | Receipt]) -> list[Any]:
    """Decisions without what the ladder says of them."""
    return [msgspec.structs.replace(one, measures=()) if isinstance(one, Decision) else one for one in answers]
