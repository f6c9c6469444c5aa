"""Places in YAML: however a text is written, each of its characters is found where it stands."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import LINE_BREAK
from bonafide.engine.rules.source import Place, read_yaml, read_yaml_with_places

STYLES = """\
- id: A
  folded: >-
    type == 'payment' and pay_with
    and amout > 5
      more indented

    and the last
  kept: >+
    one

    two

  literal: |
    type == 'payment'
      and amout > 5

    and the last
  single: 'it''s folded
     over lines

     and amout'
  double: "a\\tb \\
     c\\u0041 amout
     d"
  plain: type and
    amout > 5

    and more
  flow: {a: [1, 2, "amout"], 商户: '付款人 amout > 5'}
"""


def letters(document: Any, content: str, path: tuple[str | int, ...], value: str) -> list[tuple[str, str]]:
    """Each character of a text that is no blank, and what stands in the file where it is said to."""
    lines = LINE_BREAK.split(content)
    found = []
    for i, c in enumerate(value):
        place = document.text_place(path, i)
        line = lines[place.line - 1]
        if not c.isspace():
            found.append((c, line[place.column - 1 : place.column]))
    return found


def test_every_style_keeps_its_places() -> None:
    document = read_yaml_with_places(STYLES.encode(), "f.yaml")
    for key in ("folded", "kept", "literal", "single", "double", "plain"):
        value = document.value[0][key]
        assert [c for c, _ in letters(document, STYLES, (0, key), value)] == [c for c in value if not c.isspace()]
        odd = [(c, there) for c, there in letters(document, STYLES, (0, key), value) if c != there]
        assert odd == ([("A", "\\")] if key == "double" else [])
        if "amout" in value:
            place = document.text_place((0, key), value.index("amout"), 5)
            assert LINE_BREAK.split(STYLES)[place.line - 1][place.column - 1 :].startswith("amout")
            assert place.width == 5
    assert document.text_place((0, "folded"), 999).line == 7
    assert document.place((0, "flow", "a", 2)) == Place(29, 20, 7)
    assert document.key_place((0, "flow", "a")) == Place(29, 10, 1)
    assert document.place((0, "flow", "nothing", "deeper")) == document.place((0, "flow"))
    assert document.place(()).line == 1


TEXTS = st.text("ab商 :#'\"-\\>|\n\té,%", max_size=60)


@given(TEXTS, st.sampled_from(["'", '"', "|", ">", None]), st.integers(20, 60), st.booleans())
def test_a_text_written_in_any_style_is_found_letter_by_letter(
    text: str, style: str | None, width: int, unicode: bool
) -> None:  # fmt: skip
    content = yaml.dump(
        {"a": {"b": [text, "last"]}}, default_style=style, width=width, allow_unicode=unicode, sort_keys=False
    )  # fmt: skip
    document = read_yaml_with_places(content.encode(), "f.yaml")
    assert document.value == yaml.safe_load(content) == {"a": {"b": [text, "last"]}}
    escaped = not unicode or style == '"' or '"' in content
    for c, there in letters(document, content, ("a", "b", 0), text):
        assert there == c or (escaped and there == "\\")


@pytest.mark.parametrize(
    "content",
    [
        b"a: 1\na: 2\n", b"a: [1", b"\xff\x00", b"&a [*a]", b"\x00", b"? [1]\n: 2", b"a: 2020-99-99", b"[" * 100_000,
        b"a: !!python/object:os.system x", b"a: !!int x", b"a: !!float {}", b"a: *nothing", b"{a: 1, a: 2}", b"\t",
        b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(9)
        ), b"<<: [1]", b"a: !!binary x", b"- !!set [1]", b"%YAML 9.9\n---\na", b"a: b: c",
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_refused_with_one_mistake(content: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml(content, "f.yaml")
    assert [m.path for m in caught.value.mistakes] == ["f.yaml"]
    assert str(caught.value).startswith("error: f.yaml")


@given(st.binary(max_size=80) | st.text("ab: -[]{}&*!|>'\"\n#%@`\t?,<", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        document = read_yaml_with_places(content, "f.yaml")
    except ConfigError as error:
        assert error.mistakes
    else:
        assert document.place((0, "a")).line >= 1
