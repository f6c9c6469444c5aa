"""The panel that says how a score adds up, as a page has it: picture, table, credit score; and where there is none."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import msgspec
import pytest

from bonafide.engine.engine import Engine
from bonafide.engine.pseudonyms import Known
from bonafide.office.journal import Record
from bonafide.office.journal.records import Found
from tests.apps.console.kit import Site
from tests.apps.server.client import NOW_MS
from tests.apps.server.test_parts import jumpy_bundle
from tests.engine.kit import payment


def page_of(site: Site, path: str) -> str:
    with site.signed_in("ann") as browser:
        return html.unescape(html.unescape(browser.get(path).text.replace("\\u003c", "<").replace('\\"', '"')))


def decided_by_trees(site: Site, name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have the trees decide an event of a case; returns what the API says of its parts."""
    runtime, bundle = site.bureau.runtime, jumpy_bundle()
    event = msgspec.structs.replace(payment(1, 1, amount=900), event_id=name)
    (told,), _ = Engine(bundle).answer_and_write([event], Known(), 10**9)
    assert told.basis is not None
    seq = json.loads(told.body)["seq"]
    runtime.answers[name] = Found(seq, Record(NOW_MS, "k", msgspec.json.encode(event), told.body))
    runtime.journal.inputs[seq] = told.basis.inputs
    monkeypatch.setattr(type(runtime), "bundle_of", lambda self, content: bundle)
    return site.ask("ann", f"/v1/decisions/{name}/parts")


def test_a_case_shows_how_its_gravest_score_adds_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = site.case(payments=1)
    name = site.ask("ann", f"/v1/cases/{number}")["event_list"][0]["event_id"]
    parts = decided_by_trees(site, str(name), monkeypatch)
    page = page_of(site, f"/cases/{number}")
    assert page.count('class="waterfall"') == 2  # the score, and the credit score
    assert re.search(r'role="img" aria-label="[^"]*the means of payment is credit', page)
    for one in parts["margin"]["inputs"]:
        assert f"{one['shown']:+.2f}".replace("-", "\N{MINUS SIGN}") in page
    assert f"{parts['margin']['margin_shown']:+.2f}".replace("-", "\N{MINUS SIGN}") in page
    assert "As a table" in page
    assert "How the credit score of the user adds up" in page


def test_a_case_whose_events_have_no_parts_says_so(site: Site) -> None:
    assert "is not kept" in page_of(site, f"/cases/{site.case(payments=1)}")
