"""Every error is one plain sentence and survives the way to another process."""

from __future__ import annotations

import pickle

import pytest

from bonafide.core.errors import REASONS, BonafideError, ConfigError, InputError, StateError, UsageError

ERRORS = [
    (InputError("conflict", "event p1 came before with other content", event_id="p1"),
     "event p1 came before with other content"),
    (InputError.of_value("goods", "Virtual", "one of physical, virtual, service"),
     "goods: 'Virtual' is not accepted; give one of physical, virtual, service"),
    (ConfigError("m.yaml", "'userid' is not a field; did you mean user_id?", "fields.userid"),
     "m.yaml: fields.userid: 'userid' is not a field; did you mean user_id?"),
    (ConfigError("b", "there is no bundle.yaml"), "b: there is no bundle.yaml"),
    (UsageError("--out: the folder is not empty; give --force to overwrite"),
     "--out: the folder is not empty; give --force to overwrite"),
    (StateError("the disk is full; free 2 GB and start again"), "the disk is full; free 2 GB and start again"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "sentence"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
def test_an_error_of_the_tree_is_one_sentence(error: BonafideError, sentence: str) -> None:
    assert isinstance(error, BonafideError)
    assert str(error) == error.message == sentence


@pytest.mark.parametrize("error", [error for error, _ in ERRORS], ids=[type(error).__name__ for error, _ in ERRORS])
def test_an_error_reaches_another_process_whole(error: BonafideError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.__dict__) == (type(error), str(error), error.__dict__)


def test_reason_codes_are_the_published_ones() -> None:
    assert set(REASONS) == {
        "malformed", "invalid-field", "unknown-field", "missing-field", "future-time", "too-late", "conflict",
        "undecidable",
    }  # fmt: skip
