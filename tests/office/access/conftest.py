"""A machine that is busy with other tests answers late: here whoever asks waits for the answer."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.access.aside.WAIT_S", 60.0)
