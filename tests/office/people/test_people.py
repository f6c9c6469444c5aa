"""People on every database: made, signed in with two factors, slowed, disabled, given a new beginning."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from bonafide.core.errors import StateError, UsageError
from bonafide.core.moment import DAY_MS, MINUTE_MS, SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.access.errors import ForbiddenError, UnauthenticatedError
from bonafide.office.audit.log import AuditLog
from bonafide.office.people.errors import SlowDownError
from bonafide.office.people.first_admin import FIRST_PASSWORD_FILE, ensure_first_admin, password_chosen
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.people import ONE_TIME_MS
from bonafide.office.people.sessions import SESSIONS_EACH_MAX, check_csrf, csrf_of
from bonafide.office.people.totp import STEP_MS
from bonafide.office.people.waits import FROM_EVERYWHERE, FROM_ONE_PLACE
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.office.people.kit import HERE, PASSWORD, ROOT, THERE, Office, quick

WRONG = Secret("wrong horse battery")


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


class TestPeople:
    def test_from_the_one_time_password_to_two_factors(self, office: Office) -> None:
        first = office.invited("ann")
        token, session = office.desk.sign_in("ann", first, HERE)
        assert (session.name, session.role, session.pending) == ("ann", "analyst", "password")
        with pytest.raises(ForbiddenError, match="choose a password first"):
            session.check_complete()
        with pytest.raises(UsageError, match="choose a password first"):
            office.desk.begin_totp(token, HERE)
        second, session = office.desk.change_password(token, first, PASSWORD, HERE)
        assert session.pending == "totp"
        assert office.chosen == ["ann"]
        with pytest.raises(UnauthenticatedError):
            office.desk.sessions.find(token, office.clock())
        with pytest.raises(UsageError, match="begin to set it up first"):
            office.desk.confirm_totp(second, "123456", HERE)
        office.desk.begin_totp(second, HERE)
        with pytest.raises(UnauthenticatedError, match="the code is not right"):
            office.desk.confirm_totp(second, "123456", HERE)
        office.people.reset(ROOT, "ann")
        with pytest.raises(UnauthenticatedError):
            office.desk.sign_in("ann", PASSWORD, HERE)

    def test_a_code_holds_once_and_a_step_of_drift_is_let_through(self, office: Office) -> None:
        _, session = office.settled("ann")
        session.check_complete()
        code = office.code("ann")
        with pytest.raises(UnauthenticatedError):
            office.desk.sign_in("ann", PASSWORD, HERE, code=code)
        office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann", 1))
        for steps in (0, 1):
            with pytest.raises(UnauthenticatedError):
                office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann", steps))
        office.clock.now_ms += 10 * STEP_MS
        for steps in (-2, 2):
            with pytest.raises(UnauthenticatedError):
                office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann", steps))
        office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann", -1))
        assert AuditLog(office.store).newest(2)[0].details == {"wrong": "code or standing"}
        for wanting in (None, "", "12345", "abcdef", "١٢٣٤٥٦"):
            office.clock.now_ms += DAY_MS
            with pytest.raises(UnauthenticatedError):
                office.desk.sign_in("ann", PASSWORD, HERE, code=wanting)

    def test_whatever_is_wrong_is_told_in_the_same_words(self, office: Office) -> None:
        first = office.invited("ann")
        office.settled("bob")
        office.settled("eve", "admin")
        office.settled("mia", "admin")
        office.people.disable(ROOT, "mia")
        office.clock.now_ms += ONE_TIME_MS
        told = set()
        for name, password, code in (
            ("ann", first, None), ("nobody", PASSWORD, None), ("bob", WRONG, office.code("bob")),
            ("bob", PASSWORD, "000000"), ("mia", PASSWORD, office.code("mia")), ("x" * 5_000, Secret("y" * 5_000), "z"),
            ("bob", Secret("\ud800"), None), ("\ud800\x00", PASSWORD, None),
        ):  # fmt: skip
            with pytest.raises(UnauthenticatedError) as caught:
                office.desk.sign_in(name, password, HERE, code=code)
            told.add(str(caught.value))
        assert len(told) == 1

    def test_signing_in_again_rotates_the_token(self, office: Office) -> None:
        token, _ = office.settled("ann")
        again, _ = office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann", 1), before=token)
        assert again.reveal() != token.reveal()
        with pytest.raises(UnauthenticatedError):
            office.desk.sessions.find(token, office.clock())
        office.desk.sign_out(again, HERE)
        office.desk.sign_out(again, HERE)
        with pytest.raises(UnauthenticatedError):
            office.desk.sessions.find(again, office.clock())

    def test_sessions_of_one_person_are_bounded(self, office: Office) -> None:
        tokens = [office.settled("ann").token]
        for _ in range(SESSIONS_EACH_MAX):
            office.clock.now_ms += STEP_MS
            tokens.append(office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann")).token)
        with pytest.raises(UnauthenticatedError):
            office.desk.sessions.find(tokens[0], office.clock())
        assert all(office.desk.sessions.find(token, office.clock()) for token in tokens[1:])

    def test_failing_slows_and_never_locks_out(self, office: Office) -> None:
        office.settled("ann")
        for _ in range(FROM_ONE_PLACE.free):
            with pytest.raises(UnauthenticatedError):
                office.desk.sign_in("ann", WRONG, THERE)
        with pytest.raises(SlowDownError) as caught:
            office.desk.sign_in("ann", WRONG, THERE)
        assert caught.value.retry_after_ms == SECOND_MS
        office.clock.now_ms += STEP_MS
        office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann"))  # from elsewhere nobody waits
        waited = 0
        for _ in range(30):
            with pytest.raises(UnauthenticatedError):
                office.desk.sign_in("ann", WRONG, THERE)
            with pytest.raises(SlowDownError) as caught:
                office.desk.sign_in("ann", PASSWORD, THERE, code=office.code("ann"))
            waited = caught.value.retry_after_ms
            office.clock.now_ms += waited
        assert waited == FROM_ONE_PLACE.most_ms == 15 * MINUTE_MS
        office.desk.sign_in("ann", PASSWORD, THERE, code=office.code("ann"))
        with pytest.raises(UnauthenticatedError):
            office.desk.sign_in("ann", WRONG, THERE)  # begins anew, waits for nothing

    def test_failing_under_a_name_from_everywhere_costs_its_owner_little(self, office: Office) -> None:
        office.settled("ann")
        for number in range(2 * FROM_EVERYWHERE.free):
            for _ in range(2):
                try:
                    office.desk.sign_in("ann", WRONG, f"192.0.2.{number}")
                except SlowDownError as error:
                    office.clock.now_ms += error.retry_after_ms
                except UnauthenticatedError:
                    pass
        with pytest.raises(SlowDownError) as caught:
            office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann"))
        assert caught.value.retry_after_ms <= FROM_EVERYWHERE.most_ms
        office.clock.now_ms += caught.value.retry_after_ms
        office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann"))

    def test_many_tries_at_once_count_as_many(self, office: Office) -> None:
        office.settled("ann")
        told: list[type[BaseException]] = []

        def work() -> None:
            try:
                office.desk.sign_in("ann", WRONG, THERE)
            except (SlowDownError, UnauthenticatedError) as error:
                told.append(type(error))

        threads = [threading.Thread(target=work) for _ in range(FROM_ONE_PLACE.free + 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(one.__name__ for one in told) == ["SlowDownError"] * 7 + ["UnauthenticatedError"] * 5

    def test_who_is_disabled_is_out_at_once_and_comes_back_as_before(self, office: Office) -> None:
        token, _ = office.settled("ann")
        assert office.people.disable(ROOT, "ann").state == "disabled"
        with pytest.raises(UnauthenticatedError):
            office.desk.sessions.find(token, office.clock())
        assert office.people.enable(ROOT, "ann").state == "active"
        office.desk.sign_in("ann", PASSWORD, HERE, code=office.code("ann", 1))

    def test_the_last_admin_stays(self, office: Office) -> None:
        office.invited("eve", "admin")
        with pytest.raises(UsageError, match="user eve: is the last admin"):
            office.people.disable(ROOT, "eve")
        office.invited("mia", "admin")
        office.people.disable(ROOT, "eve")
        with pytest.raises(UsageError, match="is the last admin"):
            office.people.disable(ROOT, "mia")

    def test_hashes_follow_the_parameters(self, office: Office, store: Store) -> None:
        first = office.invited("ann")
        stronger = Office(store, passwords=Passwords(passes=2, memory_kib=8, lanes=1))
        stronger.desk.sign_in("ann", first, HERE)
        with store.reading() as connection:
            kept = connection.scalar(text("SELECT password FROM people"))
        assert kept.startswith("$argon2id$v=19$m=8,t=2,p=1$")
        stronger.desk.sign_in("ann", first, HERE)

    def test_what_cannot_be_made_is_refused(self, office: Office) -> None:
        office.invited("ann")
        for name, role, told in (
            ("ann", "analyst", "somebody of this name already"), ("Ann", "analyst", "is no name"),
            ("a", "analyst", "is no name"), ("bob", "partner", "is for machines"), ("bob", "chief", "is not a role"),
        ):  # fmt: skip
            with pytest.raises(UsageError, match=told):
                office.people.create(ROOT, name, role)
        for refused in (office.people.disable, office.people.enable, office.people.reset):
            with pytest.raises(UsageError, match="there is nobody of this name"):
                refused(ROOT, "bob")
        assert [row.name for row in office.people.list()] == ["ann"]

    def test_passwords_that_are_easy_to_guess_are_refused(self, office: Office) -> None:
        first = office.invited("ann")
        token, _ = office.desk.sign_in("ann", first, HERE)
        for password, told in (
            ("short", "has 5 characters"), ("a" * 129, "has 129 characters"), ("Annabel went home", "holds the name"),
            ("ababababababab", "fewer than 5 different"), (first.reveal(), "is the old one"),
        ):  # fmt: skip
            with pytest.raises(UsageError, match=told) as caught:
                office.desk.change_password(token, first, Secret(password), HERE)
            assert password not in str(caught.value)
        with pytest.raises(UnauthenticatedError, match="the old password is not right"):
            office.desk.change_password(token, WRONG, PASSWORD, HERE)

    def test_every_change_is_in_the_audit_log_and_no_secret_is(self, office: Office, store: Store) -> None:
        first = office.invited("ann")
        office.settled("eve", "admin")
        for password in (WRONG, first):
            try:
                token = office.desk.sign_in("ann", password, THERE).token
            except UnauthenticatedError:
                with pytest.raises(UnauthenticatedError):
                    office.desk.sign_in(password.reveal(), password, THERE)
        office.desk.sign_out(token, THERE)
        office.people.disable(ROOT, "ann")
        office.people.disable(ROOT, "ann")
        office.people.enable(ROOT, "ann")
        again, _ = office.people.reset(ROOT, "ann")
        told = [(e.who, e.what, e.on_what, e.outcome) for e in AuditLog(store).entries() if "eve" not in e.on_what]
        assert told == [
            ("terminal:root", "person.create", "person:ann", "done"),
            ("person:ann", "session.sign_in", "person:ann", "refused"),
            ("person:unknown", "session.sign_in", "person:unknown", "refused"),
            ("person:ann", "session.sign_in", "person:ann", "done"),
            ("person:ann", "session.sign_out", "person:ann", "done"),
            ("terminal:root", "person.disable", "person:ann", "done"),
            ("terminal:root", "person.enable", "person:ann", "done"),
            ("terminal:root", "person.reset", "person:ann", "done"),
        ]
        wrong = [e.details.get("wrong") for e in AuditLog(store).entries() if e.outcome == "refused"]
        assert wrong == ["password", "password"]
        eves = [e.what for e in AuditLog(store).entries() if "eve" in e.on_what]
        assert eves == ["person.create", "session.sign_in", "password.change", "totp.begin", "totp.enrol"]
        assert {e.from_where for e in AuditLog(store).entries(who="person:ann")} == {THERE}
        AuditLog(store).verify()
        with store.reading() as connection:
            tables = ("audit_entries", "people", "sessions", "sign_in_waits", "root_key")
            kept = repr([connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables])
        for secret in (first, WRONG, PASSWORD, token, again, Secret(office.secrets["eve"].hex())):
            assert secret.reveal() not in kept


def test_csrf_tokens_belong_to_their_session() -> None:
    one, other = Secret("bfs_" + "a" * 43), Secret("bfs_" + "b" * 43)
    check_csrf(one, csrf_of(one))
    for given in (csrf_of(other), "", None, "é"):
        with pytest.raises(ForbiddenError, match="CSRF token is missing or wrong"):
            check_csrf(one, given)


@pytest.mark.parametrize("token", ["", "bfs_", "bfs_" + "a" * 43, "\ud800", "bf_x_" + "a" * 43, "x" * 100_000])
def test_what_is_no_token_is_refused(tmp_path: Path, token: str) -> None:
    with Store.open(tmp_path / "office.db") as store, pytest.raises(UnauthenticatedError, match="not known here"):
        Office(store).desk.sessions.find(Secret(token), 0)


def test_the_first_admins_password_lies_in_a_private_file_until_one_is_chosen(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    path = data.folder / FIRST_PASSWORD_FILE
    with Store.open(data.office) as store:
        office = Office(store)
        office.desk._password_chosen = password_chosen(data)
        assert ensure_first_admin(office.people, data) == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ensure_first_admin(office.people, data) is None
        first = Secret(path.read_text().strip())
        token, session = office.desk.sign_in("admin", first, HERE)
        assert (session.role, session.pending) == ("admin", "password")
        office.desk.change_password(token, first, PASSWORD, HERE)
        assert not path.exists()
        assert AuditLog(store).entries(limit=1)[0].who == "bonafide:service"


def test_a_start_that_was_cut_short_keeps_the_password_that_was_written(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    path = data.folder / FIRST_PASSWORD_FILE
    with Store.open(data.office) as store:
        path.write_text("aaaa-bbbb-cccc-dddd-eeee-2222\n")
        office = Office(store)
        ensure_first_admin(office.people, data)
        office.desk.sign_in("admin", Secret("aaaa-bbbb-cccc-dddd-eeee-2222"), HERE)
    with Store.open(tmp_path / "other.db") as store:
        path.write_text("something else")
        with pytest.raises(StateError, match="first-admin-password: is not the file"):
            ensure_first_admin(Office(store).people, data)


def test_the_parameters_are_those_of_the_rfc() -> None:
    kept = Passwords().hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Passwords().matches(PASSWORD, kept)
    assert not Passwords().is_outdated(kept)
    assert quick().is_outdated(kept)
    assert not quick().matches(PASSWORD, "no hash")
