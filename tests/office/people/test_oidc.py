"""Signing in through a provider of identities: who is let in, and whose answer it is."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import OpposedError, UsageError
from bonafide.core.moment import MINUTE_MS, SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.audit.log import AuditLog
from bonafide.office.people.errors import SlowDownError
from bonafide.office.people.oidc import LASTS_MS
from bonafide.office.store.database import Store
from tests.office.people.door import Door, session_of
from tests.office.people.issuer import Issuer
from tests.office.people.kit import HERE, ROOT, THERE, Office, secret_in


class TestSigningIn:
    """On each store."""

    @pytest.fixture
    def office(self, store: Store) -> Office:
        return Office(store)

    def test_somebody_who_is_known_is_let_in_and_sets_up_our_second_factor(self, door: Door) -> None:
        door.invited()
        session = session_of(door.come())
        assert (session.name, session.role, session.pending) == ("ann", "analyst", "totp")
        entry = AuditLog(door.office.store).newest(1)[0]
        assert (entry.who, entry.outcome) == ("person:ann", "done")
        assert entry.details == {"way": "oidc", "second_factor": "ours"}

    def test_a_second_factor_counts_only_where_the_settings_name_it(self, office: Office, issuer: Issuer) -> None:
        door = Door(office, issuer, second_factors=frozenset({"mfa", "gold"}))
        door.invited()
        for said in ({"amr": ["pwd", "mfa"]}, {"acr": "gold"}):
            came = door.come(**said)
            assert session_of(came).pending is None
            assert came.signed_in is not None
            assert office.desk.sessions.find(came.signed_in.token, office.clock()).pending is None
        for said in ({}, {"amr": "mfa"}, {"amr": ["pwd"]}, {"acr": "silver"}, {"acr": ["gold"]}, {"amr": [["mfa"]]}):
            assert session_of(door.come(**said)).pending == "totp"

    def test_our_second_factor_is_asked_for_where_there_is_one(self, door: Door) -> None:
        office = door.office
        office.settled("ann")
        secret = office.secrets["ann"]
        office.people.reset_to(ROOT, "ann", door.identity())
        token = door.come().signed_in
        assert token is not None
        office.secrets["ann"] = secret_in(office.desk.begin_totp(token.token, HERE))
        office.desk.confirm_totp(token.token, office.code("ann"), HERE)
        assert secret != office.secrets["ann"]

        came = door.come()
        assert came.signed_in is None
        for wrong in ("000000", office.code("ann"), ""):  # the last one right, but used already
            with pytest.raises(UnauthenticatedError, match="the code is not right"):
                door.desk.give_code(came.ticket, wrong, HERE)
        office.clock.now_ms += 30 * SECOND_MS
        done = door.desk.give_code(came.ticket, office.code("ann"), HERE)
        assert session_of(done).pending is None
        office.clock.now_ms += 30 * SECOND_MS
        with pytest.raises(UnauthenticatedError, match="begin again"):
            door.desk.give_code(came.ticket, office.code("ann"), HERE)

    def test_roles_come_from_here_and_nobody_is_made(self, door: Door) -> None:
        door.invited(role="auditor")
        claims = {"role": "admin", "roles": ["admin"], "groups": ["admin"], "scope": "admin"}
        assert session_of(door.come(**claims)).role == "auditor"
        before = len(door.office.people.list())
        assert door.refused("somebody-else", **claims) == "somebody who is not known here"
        assert len(door.office.people.list()) == before

    def test_who_is_disabled_or_has_a_password_again_is_not_let_in(self, door: Door) -> None:
        door.invited()
        door.office.people.disable(ROOT, "ann")
        assert door.refused() == "standing"
        door.office.people.enable(ROOT, "ann")
        assert session_of(door.come()).name == "ann"
        door.office.people.reset(ROOT, "ann")
        assert door.refused() == "somebody who is not known here"

    def test_one_name_there_is_one_person_here(self, door: Door) -> None:
        door.invited()
        door.invited("bob", value="bob-at-home")
        with pytest.raises(OpposedError, match="is that of ann already"):
            door.invited("eve")
        with pytest.raises(OpposedError, match="is that of ann already"):
            door.office.people.reset_to(ROOT, "bob", door.identity())
        assert [row.name for row in door.office.people.list()] == ["ann", "bob"]
        assert session_of(door.come("bob-at-home")).name == "bob"

    def test_nobody_has_the_password_of_who_comes_from_a_provider(self, door: Door) -> None:
        door.invited()
        for guess in ("", "nobody has this password", "x" * 32, "\0" * 32):
            with pytest.raises(UnauthenticatedError):
                door.office.desk.sign_in("ann", Secret(guess), f"192.0.2.{len(guess)}")

    def test_another_claim_may_name_people_and_an_address_must_be_theirs(self, office: Office, issuer: Issuer) -> None:
        door = Door(office, issuer, claim="email")
        door.invited(value="ann@example.org", claim="email")
        for said in ({}, {"email": "ann@example.org"}, {"email": "ann@example.org", "email_verified": "true"},
                     {"email": ["ann@example.org"], "email_verified": True},
                     {"email": "Ann@example.org", "email_verified": True}):  # fmt: skip
            assert door.refused(origin=THERE, **said) == "somebody who is not known here"
        assert session_of(door.come(email="ann@example.org", email_verified=True)).name == "ann"
        assert "email" in dict(parse_qsl(urlsplit(door.desk.start().url).query))["scope"]

    def test_the_session_of_before_ends(self, door: Door) -> None:
        door.invited()
        first = door.come().signed_in
        assert first is not None
        assert door.come(before=first.token).signed_in is not None
        with pytest.raises(UnauthenticatedError):
            door.office.desk.sessions.find(first.token, door.office.clock())

    def test_an_answer_is_worth_something_once(self, door: Door) -> None:
        door.invited()
        begun = door.desk.start()
        answer = door.issuer.consent(begun.url)
        assert door.desk.come_back(begun.cookie, answer, HERE).signed_in is not None
        again = door.issuer.consent(begun.url)  # even with a code that is new
        for one in (answer, again):
            with pytest.raises(UnauthenticatedError, match="begin again"):
                door.desk.come_back(begun.cookie, one, HERE)

    def test_failing_slows_and_a_right_one_begins_anew(self, door: Door) -> None:
        door.invited()
        for _ in range(4):
            door.refused("somebody-else")
        assert session_of(door.come()).name == "ann"
        for _ in range(5):
            door.refused("somebody-else")
        with pytest.raises(SlowDownError):
            door.come()
        assert session_of(door.come(origin=THERE)).name == "ann"


# Another's answer, cookie or browser


def test_an_answer_belongs_to_the_browser_that_began(door: Door) -> None:
    door.invited()
    ours, theirs = door.desk.start(), door.desk.start()
    answer = door.issuer.consent(theirs.url)
    wrong = [
        (ours.cookie, answer),  # somebody slips in the answer to a sign-in of their own
        (None, answer), (Secret(""), answer), (Secret("x" * 5_000), answer), (Secret("é"), answer),
        (Secret(theirs.cookie.reveal().swapcase()), answer), (Secret(theirs.cookie.reveal()[:-8]), answer),
        (theirs.cookie, answer | {"state": ""}), (theirs.cookie, answer | {"state": answer["state"] + "x"}),
        (theirs.cookie, {"code": answer["code"]}),
    ]  # fmt: skip
    for cookie, one in wrong:
        with pytest.raises(UnauthenticatedError, match="begin again"):
            door.desk.come_back(cookie, one, HERE)
    assert "/token" not in door.issuer.told
    assert door.desk.come_back(theirs.cookie, answer, HERE).signed_in is not None


def test_it_must_not_take_too_long_and_a_ticket_opens_one_door_alone(door: Door) -> None:
    door.invited()
    begun = door.desk.start()
    door.office.clock.now_ms += LASTS_MS
    with pytest.raises(UnauthenticatedError, match="took too long"):
        door.desk.come_back(begun.cookie, door.issuer.consent(begun.url), HERE)
    with pytest.raises(UnauthenticatedError, match="begin again"):
        door.desk.give_code(door.desk.start().cookie, "123456", HERE)


def test_what_the_provider_says_no_to_is_a_refusal_and_not_repeated(door: Door) -> None:
    begun = door.desk.start()
    answer = door.issuer.consent(begun.url)
    said = {"error": "<script>", "error_description": "<script>", "state": answer["state"], "code": answer["code"]}
    with pytest.raises(UnauthenticatedError, match="lets nobody in") as caught:
        door.desk.come_back(begun.cookie, said, HERE)
    assert "script" not in str(caught.value)
    assert "script" not in json.dumps([entry.to_wire() for entry in AuditLog(door.office.store).newest(5)])


@pytest.mark.parametrize("given", ["https://evil.example.org", None])
def test_an_answer_of_another_issuer_is_refused(door: Door, given: str | None) -> None:
    door.issuer.described["authorization_response_iss_parameter_supported"] = True
    begun = door.desk.start()
    answer = door.issuer.consent(begun.url)
    wrong = {name: value for name, value in (answer | {"iss": given}).items() if value is not None}
    with pytest.raises(UnauthenticatedError):
        door.desk.come_back(begun.cookie, wrong, HERE)
    assert "/token" not in door.issuer.told


@pytest.mark.parametrize(
    "to",
    ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "\\\\evil.example.org", "evil", "",
     "/a b", "/a\r\nset-cookie: x=y", "/\tx", "javascript:alert(1)", "/é", "/a\\b", "/" + "x" * 600],
)  # fmt: skip
def test_it_leads_nowhere_but_to_this_host(door: Door, to: str) -> None:
    with pytest.raises(UsageError, match="a path on this host"):
        door.desk.start(to)


@given(to=st.text(alphabet=st.sampled_from("/\\:@.?#%ab \t\n"), max_size=12))
def test_whatever_is_taken_is_a_path_of_this_host(to: str) -> None:
    from urllib.parse import urljoin

    from bonafide.office.people.oidc import _TO

    if _TO.fullmatch(to):
        joined = urlsplit(urljoin("https://here.example.org/x", to))
        assert (joined.scheme, joined.netloc) == ("https", "here.example.org")


def test_time_passes_for_a_browser_that_is_away(door: Door) -> None:
    door.invited()
    begun = door.desk.start()
    door.office.clock.now_ms += MINUTE_MS
    assert door.desk.come_back(begun.cookie, door.issuer.consent(begun.url), HERE).signed_in is not None
