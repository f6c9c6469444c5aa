"""Master keys: where they come from, that a wrong one opens nothing, and that rotation loses nothing."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from bonafide.core.errors import StateError
from bonafide.office.audit.log import AuditLog
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault import rotation
from bonafide.office.vault.boxes import box_key_id, key_id_of, seal, unseal
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.master import (
    KEYS_MAX,
    MASTER_KEY_FILE,
    MasterKeys,
    open_master_keys,
    read_master_keys,
    write_master_keys,
)  # fmt: skip
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.rotation import rewrap, rotate
from tests.office.vault.kit import ANN, CLEAR, MASTER


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


def key_ids(store: Store) -> set[bytes]:
    with store.reading() as connection:
        rows = connection.execute(text("SELECT wrapped FROM subjects UNION ALL SELECT wrapped FROM root_key")).all()
    return {box_key_id(bytes(row.wrapped)) for row in rows}


def test_a_box_says_which_key_opens_it_and_opens_in_its_place_alone() -> None:
    key, other = secrets.token_bytes(32), secrets.token_bytes(32)
    box = seal(key, b"content", "here", secrets.token_bytes)
    assert box_key_id(box) == key_id_of(key)
    assert b"content" not in box
    assert unseal(key, box, "here") == b"content"
    changed = box[:-1] + bytes([box[-1] ^ 1])  # one bit, since any byte by name is now and then the one it replaces
    for wrong_key, wrong_box, place in (
        (other, box, "here"), (key, box, "there"), (key, box[:-1], "here"), (key, changed, "here"),
        (key, b"\x02" + box[1:], "here"), (key, b"", "here"), (key, box[:20], "here"),
    ):  # fmt: skip
        with pytest.raises(StateError, match="the vault: a box is"):
            unseal(wrong_key, wrong_box, place)


def test_the_file_is_made_once_and_private(data: DataDir) -> None:
    first = open_master_keys(data, None)
    path = data.folder / MASTER_KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_master_keys(data, "").newest_id == first.newest_id
    assert repr(first).count(path.read_text().strip()) == 0


def test_the_environment_comes_before_the_file(data: DataDir) -> None:
    found = open_master_keys(data, f"{bytes(32).hex()},{MASTER.hex()}")
    assert found.newest_id == key_id_of(MASTER)
    assert not (data.folder / MASTER_KEY_FILE).exists()
    for wrong in ("xyz", "ab" * 31, "AG" * 32, ",".join(["ab" * 32] * (KEYS_MAX + 1))):
        with pytest.raises(StateError, match="BONAFIDE_MASTER_KEY: holds no master key") as caught:
            open_master_keys(data, wrong)
        assert wrong not in str(caught.value)


def test_a_wrong_or_missing_master_key_opens_nothing(data: DataDir) -> None:
    with Store.open(data.office) as store:
        vault = open_vault(store, data, MASTER.hex())
        vault.remember(ANN, "user", "u1", CLEAR)
        with pytest.raises(StateError, match=f"the master key {key_id_of(MASTER).hex()}, which this store was written"):
            open_vault(store, data, bytes(32).hex())
        (data.folder / MASTER_KEY_FILE).write_bytes(b"\xff")
        with pytest.raises(StateError, match=r"master\.key: holds no master key"):
            open_vault(store, data, None)


def test_rotation_wraps_everything_anew_beside_a_running_process(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "PAGE", 3)
    with Store.open(data.office) as store, Store.open(data.office) as others:
        vault, running = open_vault(store, data, None), open_vault(others, data, None)
        made = [vault.remember(ANN, "user", f"u{n}", CLEAR) for n in range(7)]
        old = key_ids(store)
        done = rotate(vault, ANN, data)
        assert done.subjects == 7
        assert key_ids(store) == {bytes.fromhex(done.key_id)} != old
        assert [key_id_of(key).hex() for key in read_master_keys(data)] == [done.key_id]
        assert running.look(ANN, made[0])["name"] == CLEAR["name"]
        made.append(running.remember(ANN, "user", "u7", CLEAR))
        assert key_ids(store) == {bytes.fromhex(done.key_id)}
        assert all(open_vault(store, data, None).look(ANN, one)["phone"] == CLEAR["phone"] for one in made)
        assert len(vault.search(ANN, "phone", CLEAR["phone"])) == 8
        assert AuditLog(store).entries(what="master_key.rotate")[0].details == {"key": done.key_id, "subjects": 7}


def test_who_read_the_keys_before_wraps_nothing_under_the_old_one(data: DataDir) -> None:
    with Store.open(data.office) as store:
        running = open_vault(store, data, None)
        done = rotate(open_vault(store, data, None), ANN, data)
        running.remember(ANN, "user", "new", CLEAR)
        assert key_ids(store) == {bytes.fromhex(done.key_id)}


def test_a_rotation_that_was_cut_short_loses_nothing(data: DataDir) -> None:
    with Store.open(data.office) as store:
        vault = open_vault(store, data, None)
        subject = vault.remember(ANN, "user", "u1", CLEAR)
        write_master_keys(data, [*read_master_keys(data), MASTER])  # the new key, and nothing wrapped yet
        later = open_vault(store, data, None)
        other = later.remember(ANN, "user", "u2", CLEAR)
        assert {vault.look(ANN, one)["id"] for one in (subject, other)} == {"u1", "u2"}
        rotate(later, ANN, data)
        assert len(read_master_keys(data)) == 1
        for one in (later, vault):
            assert [one.look(ANN, known)["id"] for known in (subject, other)] == ["u1", "u2"]


def test_keys_of_the_environment_are_wrapped_under_the_last(data: DataDir) -> None:
    with Store.open(data.office) as store:
        subject = open_vault(store, data, bytes(32).hex()).remember(ANN, "user", "u1", CLEAR)
        both = open_vault(store, data, f"{bytes(32).hex()},{MASTER.hex()}")
        assert rewrap(both, ANN).subjects == 1
        assert rewrap(both, ANN).subjects == 0
        assert open_vault(store, data, MASTER.hex()).look(ANN, subject)["id"] == "u1"


def test_a_rotation_that_was_cut_short_too_often_is_finished(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def away(*_: object) -> None:
        raise StoreError("the server was stopped")

    with Store.open(data.office) as store:
        vault = open_vault(store, data, None)
        subject = vault.remember(ANN, "user", "u1", CLEAR)
        with monkeypatch.context() as patched:
            patched.setattr(rotation, "rewrap", away)
            for _ in range(KEYS_MAX + 2):
                with pytest.raises(StoreError, match="stopped"):
                    rotate(vault, ANN, data)
        assert len(read_master_keys(data)) == KEYS_MAX
        assert rotate(vault, ANN, data).subjects == 1
        (key,) = read_master_keys(data)
        assert key_ids(store) == {key_id_of(key)}
        assert open_vault(store, data, None).look(ANN, subject)["id"] == "u1"


def test_derived_keys_differ_by_purpose_and_not_by_rotation(data: DataDir) -> None:
    with Store.open(data.office) as store:
        vault = open_vault(store, data, None)
        before = vault.keyring.derived("blind index")
        assert before != vault.keyring.derived("legal holds")
        rotate(vault, ANN, data)
        assert Keyring(store, MasterKeys(read_master_keys(data))).derived("blind index") == before
