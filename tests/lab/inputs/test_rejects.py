"""The reject file: its keys, its counts, and a disk that refuses."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bonafide.core.errors import InputError, StateError
from bonafide.lab.inputs import Refusal, RejectWriter
from tests.lab.inputs.samples import PAYMENT, ndjson, read_all, written


def test_a_reject_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ndjson", ndjson(PAYMENT | {"amount": -5}, '{"event_id": 1}', "x" * 500))
    read = read_all(tmp_path, path)
    first, second, third = read.rejects
    assert first == {
        "file": str(path), "line": 1, "event_id": "p1", "field": "amount", "value": "-5", "reason": "invalid-field",
        "message": "amount: -5 is not accepted; give a whole number from 1 to 1000000000000 (minor units)",
    }  # fmt: skip
    assert list(second) == ["file", "line", "field", "value", "reason", "message"]
    assert second["reason"] == "missing-field"
    assert len(third["value"]) <= 60
    assert read.counts == {"invalid-field": 1, "missing-field": 1, "malformed": 1}


def test_a_writer_without_a_file_counts(tmp_path: Path) -> None:
    with RejectWriter() as writer:
        writer.write("a", [Refusal(1, InputError("conflict", "x")), Refusal(2, InputError("conflict", "y"))])
    assert (writer.total, writer.counts["conflict"]) == (2, 2)


def test_a_file_name_that_is_not_unicode_is_written_escaped(tmp_path: Path) -> None:
    with RejectWriter(tmp_path / "r") as writer:
        writer.write("a\udcff", [Refusal(1, InputError("malformed", "x"))])
    assert msgspec.json.decode((tmp_path / "r").read_bytes())["file"] == "a\\udcff"


def test_a_disk_that_refuses_stops_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        StateError, match="cannot be written: No such file or directory; make room or choose another folder"
    ):
        RejectWriter(tmp_path / "none" / "rejects.ndjson")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_noticed_when_the_writer_closes() -> None:
    writer = RejectWriter(Path("/dev/full"))
    writer.write("a", [Refusal(1, InputError("malformed", "x"))])
    with pytest.raises(StateError, match="No space left on device"):
        writer.close()
