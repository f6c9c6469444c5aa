"""What pages of bundles rest on: drafts that outlive a page, and differences of texts."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.console.api import Session
from bonafide.apps.console.diff import LINES_MAX, diff_files, diff_texts
from bonafide.apps.console.drafts import BUNDLES_MAX, CHARACTERS_MAX, _kept, draft_of, drop_draft
from bonafide.apps.console.held import Held
from bonafide.core.secret import Secret

SESSION = Session("ann", "analyst", None, Secret("bonafide=1"), Secret("c"))
LINES = st.lists(st.sampled_from(["a", "b", "- id: X", "  weight: 1", ""]), max_size=40)


def test_a_draft_is_of_one_person_and_one_bundle_and_ends_with_the_session() -> None:
    one, other = Held(SESSION, 0), Held(SESSION, 0)
    assert draft_of(one, "f" * 64).write("rules.yaml", "x", "y")
    assert draft_of(one, "f" * 64).files == {"rules.yaml": "x"}
    assert draft_of(other, "f" * 64).files == {}
    assert draft_of(one, "f" * 64).write("rules.yaml", "y", "y")
    assert draft_of(one, "f" * 64).files == {}
    draft_of(one, "f" * 64).write("rules.yaml", "x", "y")
    drop_draft(one, "f" * 64)
    assert draft_of(one, "f" * 64).files == {}
    held = len(_kept)
    del one
    gc.collect()
    assert len(_kept) == held - 1


def test_drafts_are_bounded() -> None:
    held = Held(SESSION, 0)
    draft = draft_of(held, "0")
    assert draft.write("a", "x" * CHARACTERS_MAX, None)
    assert not draft.write("b", "x", None)
    assert draft.write("a", "x", None)
    assert draft.write("b", "x", None)
    for number in range(1, BUNDLES_MAX + 1):
        draft_of(held, str(number))
    assert draft_of(held, "0").files == {}


@given(LINES, LINES)
def test_what_is_the_same_and_removed_is_the_text_before_and_with_what_is_added_the_one_after(
    before: list[str], after: list[str]
) -> None:
    found = diff_texts("rules.yaml", "\n".join(before), "\n".join(after))
    old, new = "\n".join(before).splitlines(), "\n".join(after).splitlines()
    for line in found.lines:
        assert line.before is None or old[line.before - 1] == line.text
        assert line.after is None or new[line.after - 1] == line.text
    told = {line.before for line in found.lines if line.kind == "removed"}
    left = [text for at, text in enumerate(old, 1) if at not in told]
    added = {line.after for line in found.lines if line.kind == "added"}
    assert left == [text for at, text in enumerate(new, 1) if at not in added]


def test_files_that_only_one_of_both_has_and_long_ones_are_told() -> None:
    found = diff_files({"a": "x", "b": "same"}, {"b": "same", "c": "y\n" * (LINES_MAX + 5)})
    assert [(one.name, one.added, one.removed, one.left_out) for one in found] == [
        ("a", 0, 1, 0), ("c", LINES_MAX, 0, 5),
    ]  # fmt: skip
