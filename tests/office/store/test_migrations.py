"""From every older schema to the newest, on SQLite and PostgreSQL, with what was in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import HeadMaintainer, MigrationContext, RevisionStep
from sqlalchemy import inspect, text

from bonafide.core.errors import StateError
from bonafide.office.access.keys import Keys
from bonafide.office.audit.entry import ITSELF
from bonafide.office.audit.log import AuditLog, append
from bonafide.office.store.database import Store
from bonafide.office.store.engines import engine_of, url_of
from bonafide.office.store.migrate import REVISIONS, is_current, migrate
from bonafide.office.store.tables import metadata

KEY = (
    """INSERT INTO machine_keys (key_id, hash, role, note, created_ms) VALUES ('aaaaaaaaaaaa', :hash, 'admin', '', 1)"""
)
PERSON = """INSERT INTO people (name, role, password, totp_step, totp_confirmed, created_ms)
            VALUES ('ann', 'admin', 'x', -1, false, 1)"""


def raw(place: Path | str) -> Store:
    """A database whose schema nobody has brought up to date."""
    return Store(engine_of(url_of(place)), "raw")


def filled(place: Path | str, revision: str) -> None:
    """A store as the version of Bonafide had it whose newest schema was `revision`, with something in it."""
    with raw(place) as store, store.writing() as connection:
        migrate(connection, revision)
        connection.execute(text(KEY), {"hash": bytes(32)})
        if revision >= "0003":
            append(connection, ITSELF, "key.create", "key:aaaaaaaaaaaa", 1)
        if revision >= "0004":
            connection.execute(text(PERSON))


def _each(revisions: tuple[str, ...]) -> list[object]:
    """All of them by `make drill`; the first, the last and one between, from which steps of every kind follow, by every
    test run."""
    always = {revisions[0], revisions[len(revisions) // 2], revisions[-1]}
    return [pytest.param(one, marks=() if one in always else pytest.mark.drill) for one in revisions]


@pytest.mark.parametrize("revision", _each(REVISIONS))
def test_every_older_schema_becomes_the_newest_and_keeps_what_it_has(place: Path | str, revision: str) -> None:
    filled(place, revision)
    with Store.open(place) as store:
        with store.reading() as connection:
            assert is_current(connection, "x")
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            people = connection.scalar(text("SELECT count(*) FROM people"))
        keys = Keys(store)
        assert [row.key_id for row in keys.list()] == ["aaaaaaaaaaaa"]
        assert people == (1 if revision >= "0004" else 0)
        keys.create("platform")
        assert AuditLog(store).verify().size == (2 if revision >= "0003" else 1)


@pytest.mark.parametrize("revision", _each(REVISIONS[:-1]))
def test_a_migration_that_fails_leaves_the_schema_of_before(
    place: Path | str, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(place, revision)

    really, steps = HeadMaintainer.update_to_step, REVISIONS[REVISIONS.index(revision) + 1 :]

    def stops_at_the_last(self: HeadMaintainer, step: RevisionStep) -> None:
        if step.to_revisions_no_deps[0] == steps[-1]:
            raise RuntimeError("the plug was pulled")
        really(self, step)

    with monkeypatch.context() as patched:
        patched.setattr(HeadMaintainer, "update_to_step", stops_at_the_last)
        with pytest.raises(RuntimeError, match="plug"):
            Store.open(place)
    with raw(place) as store, store.reading() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == revision
        assert inspect(connection).has_table("people") == (revision >= "0004")
    Store.open(place).close()


def test_a_schema_of_a_later_version_is_refused(place: Path | str) -> None:
    with Store.open(place) as store, store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match="its schema is 9999, and this version of Bonafide knows schemas up to"):
        Store.open(place)
