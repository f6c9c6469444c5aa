"""A secret is shown by nothing but `reveal`."""

from __future__ import annotations

import copy
import json
import logging
import traceback

import msgspec
import pytest

from bonafide.core.secret import HIDDEN, Secret

TEXT = "bf_abc_do-not-tell"


def test_what_prints_it_hides_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TEXT)
    logging.getLogger("x").warning("%s %r", secret, {"key": secret})
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>9}", "%s" % secret, repr([secret]), caplog.text]  # noqa: UP031
    assert all(HIDDEN in one and TEXT not in one for one in shown)
    assert secret.reveal() == TEXT


def test_a_traceback_with_its_values_hides_it() -> None:
    secret = Secret(TEXT)
    try:
        secret.missing  # type: ignore[attr-defined]  # noqa: B018
    except AttributeError as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "secret = ***" in told
    assert TEXT not in told.replace(f'TEXT = "{TEXT}"', "")


def test_it_leaves_the_process_by_no_encoder_and_no_copy() -> None:
    secret = Secret(TEXT)
    for leave in (json.dumps, msgspec.json.encode, copy.copy, copy.deepcopy, "".join, hash, {}.get, bytes):
        with pytest.raises(TypeError):
            leave(secret if leave is not "".join else [secret])  # type: ignore[operator]
    with pytest.raises(AttributeError):
        secret.__dict__  # noqa: B018


def test_two_are_compared_whole() -> None:
    assert Secret(TEXT).matches(Secret(TEXT))
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret("é\ud800") != Secret(TEXT)
    assert Secret(TEXT) != TEXT
