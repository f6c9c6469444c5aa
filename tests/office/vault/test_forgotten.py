"""After a subject was forgotten, no byte of any file opens anything of it, whoever has the master key."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from bonafide.core.pseudonym import show_token
from bonafide.office.audit.log import AuditLog
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import decided_subjects, score_days, trade_days
from bonafide.office.vault.errors import UnknownSubjectError
from bonafide.office.vault.forgetting import forget, sweep
from bonafide.office.vault.scrub import scrub
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import Vault
from tests.office.vault.kit import ANN, CLEAR, open_vault

OTHERS = 120
"""Enough for pages to split and to be joined again."""


def secrets_of(store: Store, subject: Subject) -> list[bytes]:
    """What would open or betray something: the wrapped key, sealed fields, blind hashes."""
    given = {"t": subject.subject_type, "p": subject.pseudonym}
    with store.reading() as connection:
        asked = "FROM {} WHERE subject_type = :t AND pseudonym = :p"
        wrapped = connection.scalar(text("SELECT wrapped " + asked.format("subjects")), given)
        fields = connection.execute(text("SELECT sealed, blind " + asked.format("subject_fields")), given).all()
    return [bytes(wrapped), *(bytes(part) for row in fields for part in row if part is not None)]


def found_in(folder: Path, wanted: list[bytes]) -> list[tuple[str, int]]:
    contents = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [(name, at) for name, content in contents.items() for at, one in enumerate(wanted) if one in content]


def data_of(number: int) -> dict[str, str]:
    """Of each other data: equal values have equal blind hashes, which stay for who is not forgotten."""
    return {name: f"{value} {number + 1_000}" for name, value in {**CLEAR, "email": "n@example.org"}.items()}


def filled(store: Store) -> tuple[Vault, list[Subject]]:
    vault = open_vault(store)
    made = [vault.remember(ANN, "user", f"clear-user-{n}", data_of(n)) for n in range(OTHERS)]
    return vault, made


def test_no_file_holds_what_was_forgotten(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        vault, made = filled(store)
        gone = made[::3]
        wanted = [one for subject in gone for one in secrets_of(store, subject)]
        clear = [b"clear-user-", *(value.encode() for value in CLEAR.values())]
        scrub(store)
        assert found_in(tmp_path, wanted), "the test would see it"
        assert found_in(tmp_path, clear) == []
        for subject in gone:
            done = forget(vault, ANN, subject)
            assert (done.fields, done.scrubbed) == (6, True)
        assert found_in(tmp_path, wanted + clear) == []
        kept = [subject for subject in made if subject not in gone]
        assert all(vault.look(ANN, subject)["name"].startswith(CLEAR["name"]) for subject in kept)
        assert vault.search(ANN, "phone", data_of(0)["phone"]) == []
        assert vault.search(ANN, "phone", data_of(1)["phone"]) == [made[1]]
        AuditLog(store).verify()
    assert found_in(tmp_path, wanted + clear) == []


def test_the_file_is_written_anew_once_for_what_was_forgotten(tmp_path: Path) -> None:
    """Where pages were balanced, SQLite may leave a copy in a gap: one of thirty thousand values."""
    with Store.open(tmp_path / "office.db") as store:
        vault, made = filled(store)
        asked: list[str] = []
        event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        assert forget(vault, ANN, made[0]).scrubbed
        assert asked.count("VACUUM") == 1
        assert sweep(vault).scrubbed
        assert asked.count("VACUUM") == 1
        assert forget(vault, ANN, made[1]).scrubbed
        assert asked.count("VACUUM") == 2


def test_a_reader_keeps_the_log_until_the_next_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.store.engines.BUSY_TIMEOUT_MS", 1)
    with Store.open(tmp_path / "office.db") as store:
        vault, (subject, *_) = filled(store)
        wanted = secrets_of(store, subject)
        with store.reading() as connection:
            connection.execute(text("SELECT count(*) FROM subjects")).scalar()
            assert not forget(vault, ANN, subject).scrubbed
        assert scrub(store)
        assert found_in(tmp_path, wanted) == []
        assert sweep(vault).scrubbed


def test_who_cannot_clear_away_has_forgotten_all_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise StoreError("the server was stopped")

    vault = open_vault(store)
    subject = vault.remember(ANN, "user", "u1", CLEAR)
    with monkeypatch.context() as patched:
        patched.setattr(store, "outside", away)
        assert not forget(vault, ANN, subject).scrubbed
    with pytest.raises(UnknownSubjectError):
        vault.look(ANN, subject)


def test_what_a_look_replaced_is_gone_too(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        vault = open_vault(store)
        subject = vault.remember(ANN, "user", "u1", {"phone": "1390000" * 20})
        before = secrets_of(store, subject)[1:]
        vault.remember(ANN, "user", "u1", {"phone": "2"})
        assert scrub(store)
        after = secrets_of(store, subject)
        assert found_in(tmp_path, [one for one in before if one not in after]) == []


def test_how_a_score_went_is_forgotten_with_its_subject(store: Store) -> None:
    vault = open_vault(store)
    made = [vault.remember(ANN, kind, "x1") for kind in ("user", "merchant")]  # type: ignore[arg-type]
    tokens = [show_token(one.pseudonym) for one in made]
    scores = {"credit_score": 640, "risk_level": "low"}
    with store.writing() as connection:
        for subject, token in zip(made, tokens, strict=True):
            ours = {"subject_type": subject.subject_type, "subject": token}
            connection.execute(score_days.insert(), ours | scores | {"day": 20_458})
            last = {"first_seq": 0, "last_seq": 0, "last_ms": 0, "last_event_id": "e", "score_day": 20_458}
            connection.execute(decided_subjects.insert(), ours | scores | last)
        sums = dict.fromkeys(("payments", "pay_later", "refunded", "paid_out", "held"), 1)
        connection.execute(trade_days.insert(), {"merchant": tokens[1], "day": 20_458, "currency": "CNY"} | sums)
    forget(vault, ANN, made[1])
    with store.reading() as connection:
        assert connection.execute(select(score_days.c.subject_type)).scalars().all() == ["user"]
        assert connection.execute(select(trade_days)).all() == []
        left = connection.execute(select(decided_subjects).order_by(decided_subjects.c.subject_type)).all()
        assert [(row.credit_score, row.risk_level, row.score_day) for row in left] == [
            (None, None, None), (640, "low", 20_458)
        ]  # fmt: skip
