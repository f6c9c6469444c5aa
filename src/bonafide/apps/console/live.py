"""The service's metrics as the overview shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from bonafide.apps.console.texts import Texts
from bonafide.core.decision import OUTCOMES

SAMPLES_MAX: Final = 120
"""What a page remembers of the past: six minutes."""
_LINE: Final = re.compile(r"^(bonafide_[a-z_]+)(?:\{([^}]*)\})? ([0-9.eE+-]+)$", re.MULTILINE)
_LABEL: Final = re.compile(r'([a-z_]+)="([^"]*)"')
_MINUTE_MS: Final = 60_000


class Sample(NamedTuple):
    """The metrics at one moment."""

    at_ms: int
    decided: float
    alerts: float
    by_outcome: dict[str, float]
    state: str


def read_sample(text: str, at_ms: int) -> Sample:
    """What a page of metrics says.

    >>> page = 'bonafide_events_total{outcome="hold",type="payment"} 3\\nbonafide_state{state="ready"} 1'
    >>> told = read_sample(page, 0)
    >>> told.decided, told.by_outcome["hold"], told.state
    (3.0, 3.0, 'ready')
    """
    outcomes, alerts, state = dict.fromkeys(OUTCOMES, 0.0), 0.0, "away"
    for name, labelled, value in _LINE.findall(text):
        labels = dict(_LABEL.findall(labelled))
        if name == "bonafide_events_total" and labels.get("outcome") in outcomes:
            outcomes[labels["outcome"]] += float(value)
        elif name == "bonafide_alerts_total":
            alerts += float(value)
        elif name == "bonafide_state" and float(value) == 1:
            state = labels.get("state", state)
    return Sample(at_ms, sum(outcomes.values()), alerts, {str(name): value for name, value in outcomes.items()}, state)


class Live:
    """Samples of the last minutes."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = list(samples)

    def add(self, sample: Sample) -> None:
        """Remember one more; a service that began anew counts from there."""
        if sample.decided < self._samples[-1].decided:
            self._samples.clear()
        self._samples.append(sample)
        del self._samples[:-SAMPLES_MAX]

    def per_minute(self) -> float:
        """Decisions a minute over the last minute, or as far as is known."""
        last = self._samples[-1]
        first = next(one for one in self._samples if last.at_ms - one.at_ms <= _MINUTE_MS)
        span = last.at_ms - first.at_ms
        return (last.decided - first.decided) * _MINUTE_MS / span if span else 0.0

    def rates_svg(self, texts: Texts) -> str:
        """Decisions a minute between each two samples, as a line; it grows from the right."""
        pairs = zip(self._samples, self._samples[1:], strict=False)
        rates = [(b.decided - a.decided) * _MINUTE_MS / max(b.at_ms - a.at_ms, 1) for a, b in pairs]
        most = max([*rates, 1.0])
        first = SAMPLES_MAX - len(rates)
        points = " ".join(
            f"{600 * (first + at) / SAMPLES_MAX:.1f},{92 - 78 * rate / most:.1f}" for at, rate in enumerate(rates, 1)
        )
        title = escape(texts("overview.per_minute"))
        return (
            f'<svg viewBox="0 0 600 112" role="img" aria-label="{title}"><line class="axis" x1="0" y1="92" x2="600" '
            f'y2="92"/><polyline class="rate" points="{points}"/><text x="0" y="108">{title}</text>'
            f'<text class="most" x="600" y="108">{most:,.0f}</text></svg>'
        )

    def outcomes_svg(self, texts: Texts) -> str:
        """What was decided that was not allowed, by outcome, as bars; numbers and our own words alone."""
        told = self._samples[-1].by_outcome
        names = [name for name in OUTCOMES if name != "allow"]
        most = max(max(told[name] for name in names), 1)
        lines = []
        for at, name in enumerate(names):
            y, wide = 6 + at * 26, 420 * told[name] / most
            lines += [
                f'<text x="0" y="{y + 14}">{escape(texts.word("outcome", name))}</text>',
                f'<rect class="outcome-{name}" x="90" y="{y}" width="{wide:.1f}" height="18" rx="3"/>',
                f'<text x="{96 + wide:.1f}" y="{y + 14}">{told[name]:,.0f}</text>',
            ]
        title = escape(texts("overview.outcomes"))
        return f'<svg viewBox="0 0 600 112" role="img" aria-label="{title}">{"".join(lines)}</svg>'
