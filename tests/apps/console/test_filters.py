"""Filters of one's own: named, kept in the browser, a few, and read as strictly as an address."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.console.doors import COOKIE
from bonafide.apps.console.filters import FILTERS_MAX, KEPT, NAME_LENGTH_MAX, VALUE_LENGTH_MAX, filters_of
from tests.apps.console.kit import SCRIPT, Site


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=6).map(json.dumps)
)
def test_whatever_a_cookie_says_only_filters_come_out(said: str) -> None:
    for one in filters_of({"bonafide-filters-ann": quote(said)}, "ann"):
        assert 0 < len(one.name) <= NAME_LENGTH_MAX
        assert set(one.query) <= set(KEPT)
        assert all(len(value) <= VALUE_LENGTH_MAX for value in one.query.values())


def test_a_filter_is_kept_shown_to_its_owner_alone_and_let_go(site: Site) -> None:
    with site.signed_in("ann") as browser:
        kept = {"name": SCRIPT[:NAME_LENGTH_MAX], "at": "/queue?typology=broker_ring&sort=money&after=1.1&x=2"}
        got = browser.post("/queue/filters", data=kept)
        assert (got.status_code, got.headers["location"]) == (303, "/queue?typology=broker_ring&sort=money")
        page = browser.get("/queue?typology=broker_ring&sort=money").text
        assert "Remove the filter" in page
        assert "<script>window" not in page
        cookie = browser.cookies["bonafide-filters-ann"]
    with site.signed_in("bob") as browser:
        browser.cookies.set("bonafide-filters-ann", cookie)
        assert "window.stolen" not in browser.get("/queue").text
    with site.signed_in("ann") as browser:
        mine = {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}; bonafide-filters-ann={cookie}"}
        browser.cookies.clear()
        browser.post("/queue/filters/remove", data={"name": SCRIPT[:NAME_LENGTH_MAX]}, headers=mine)
        assert filters_of(dict(browser.cookies), "ann") == []
        assert browser.cookies["bonafide-filters-ann"] == "%5B%5D"


def test_a_browser_keeps_a_few_with_names_and_strangers_none(site: Site) -> None:
    with site.signed_in("ann") as browser:
        for name in ("", " ", "x" * (NAME_LENGTH_MAX + 1), "a\nb"):
            browser.post("/queue/filters", data={"name": name, "at": "/queue?state=open"})
            assert filters_of(dict(browser.cookies), "ann") == []
        for number in range(FILTERS_MAX + 2):
            browser.post("/queue/filters", data={"name": f"f{number}", "at": "/queue?overdue=1"})
        names = [one.name for one in filters_of(dict(browser.cookies), "ann")]
        assert names == [f"f{number}" for number in range(2, FILTERS_MAX + 2)]
    with site.browser() as stranger:
        assert stranger.post("/queue/filters", data={"name": "x"}).headers["location"].startswith("/sign-in")
        assert not stranger.cookies
