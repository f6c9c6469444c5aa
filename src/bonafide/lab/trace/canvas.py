"""A small drawing of boxes, arrows and words: everything keeps inside, no text runs over another or out of its box."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Final, NamedTuple

from bonafide.core.lines import wide

WIDTH: Final = 900.0
"""Units across; a unit is a pixel where the drawing is shown as large as it is."""
MARGIN: Final = 16.0
BOX_HEIGHT: Final = 32.0
SIZE: Final = 11.0
"""Of the letters in boxes."""
SMALL: Final = 9.5
_EM: Final = 0.32
"""Of the size: what a column takes at most (a Chinese character takes two) - half an em and a little."""
_DOTS: Final = "…"
_SIZES: Final = (11.0, 10.0, 9.0)
"""In which an id is tried before it is cut."""
_STYLE: Final = """
.sheet{fill:#ffffff}text{font-family:system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;fill:#111827}.small{fill:#374151}.head{font-weight:600}
.box{stroke-width:1.2}.user{fill:#dbeafe;stroke:#1d4ed8}.merchant{fill:#fef3c7;stroke:#b45309}
.account{fill:#dcfce7;stroke:#15803d}.thing{fill:#ede9fe;stroke:#6d28d9}.public{fill:#f3f4f6;stroke:#6b7280}
.subject{stroke-width:3}.line{fill:none;stroke:#6b7280;stroke-width:1.4}.known{stroke-dasharray:4 3}
.alarm{stroke:#b91c1c;stroke-width:2}.tip{fill:#6b7280}.halo{stroke:#ffffff;stroke-width:4;stroke-linejoin:round}
"""


class Rect(NamedTuple):
    """An upright rectangle."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Rect) -> bool:
        """Whether two rectangles have an area in common."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


Point = tuple[float, float]


class Canvas:
    """Collects what is drawn: lines at the bottom, boxes over them, words on top."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._boxes: list[str] = []
        self._words: list[str] = []
        self._taken: list[Rect] = []

    def box(self, rect: Rect, kind: str, lines: tuple[str, ...], tip: str) -> None:
        """A box with one or two lines of text, cut to fit; `tip` tells all of it to a pointer that rests on it."""
        self._taken.append(rect)
        place = f'x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}"'
        parts = [f'<rect class="box {kind}" {place} rx="5"/>']
        shown = [line for line in lines if line]
        for number, line in enumerate(shown):
            size = SMALL if number else next((s for s in _SIZES if text_width(line, s) <= rect.width - 6), _SIZES[-1])
            down = rect.middle + 4 if len(shown) == 1 else rect.y + 13 + 13 * number
            text = escape(fitted(line, rect.width - 6, size))
            middle = f'x="{_n(rect.x + rect.width / 2)}" y="{_n(down)}" font-size="{_n(size)}"'
            parts.append(f'<text text-anchor="middle" {middle}>{text}</text>')
        self._boxes.append(f"<g>{''.join(parts)}<title>{escape(tip)}</title></g>")

    def line(self, points: list[Point], kind: str = "", tip: str = "", *, arrow: bool = False) -> None:
        """A line through points that leaves and arrives level; `arrow` gives it a head."""
        path = f"M{_n(points[0][0])} {_n(points[0][1])}"
        for (x0, y0), (x1, y1) in pairwise(points):
            half = (x0 + x1) / 2
            path += f"C{_n(half)} {_n(y0)} {_n(half)} {_n(y1)} {_n(x1)} {_n(y1)}"
        told = f"<title>{escape(tip)}</title>" if tip else ""
        self._lines.append(f'<path class="line {kind}" d="{path}">{told}</path>')
        if arrow:
            x, y = points[-1]
            self._lines.append(f'<path class="tip" d="M{_n(x)} {_n(y)}l-7 -4v8z"/>')

    def label(self, points: list[Point], lines: tuple[str, ...]) -> bool:
        """Words beside a line, where they meet nothing; False, and nothing written, where there is no room."""
        width, height = max(text_width(line, SMALL) for line in lines) + 4, 11.0 * len(lines) + 2
        for share in (0.5, 0.38, 0.62, 0.26, 0.74):
            for x, y in _along(points, share):
                for lift in (0.0, -9.0, 9.0, -18.0, 18.0):
                    rect = Rect(x - width / 2, y + lift - height / 2, width, height)
                    if rect.x >= 2 and rect.x + width <= WIDTH - 2 and not any(rect.meets(t) for t in self._taken):
                        self._taken.append(rect)
                        for number, line in enumerate(lines):
                            self.words(x, rect.y + 10 + 11 * number, line, SMALL, "middle", halo=True)
                        return True
        return False

    def words(
        self, x: float, y: float, text: str, size: float = SIZE, anchor: str = "start", *, halo: bool = False,
        head: bool = False,
    ) -> None:  # fmt: skip
        """A line of text, cut where it would run out of the drawing."""
        room = {"start": WIDTH - MARGIN - x, "end": x - MARGIN}.get(anchor, 2 * min(x, WIDTH - x))
        shown = escape(fitted(text, room, size))
        kind = "head" if head else "small"
        place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}"'
        if halo:
            self._words.append(f'<text class="halo" {place} aria-hidden="true">{shown}</text>')
        self._words.append(f'<text class="{kind}" {place}>{shown}</text>')

    def svg(self, height: float, title: str, told: str) -> str:
        """The drawing as a file of its own; `told` says in words what it shows."""
        body = "\n".join([*self._lines, *self._boxes, *self._words])
        size = f'width="{_n(WIDTH)}" height="{_n(height)}" viewBox="0 0 {_n(WIDTH)} {_n(height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="trace-title trace-desc">\n'
            f'<title id="trace-title">{escape(title)}</title>\n<desc id="trace-desc">{escape(told)}</desc>\n'
            f"<style>{_STYLE}</style>\n"
            f'<rect class="sheet" width="{_n(WIDTH)}" height="{_n(height)}"/>\n{body}\n</svg>\n'
        )


def text_width(text: str, size: float) -> float:
    """Units that a text takes at most."""
    return wide(text) * 2 * _EM * size if text.isascii() else sum(_em(c) for c in text) * size


def fitted(text: str, room: float, size: float) -> str:
    """A text that takes no more than some room, its middle replaced by dots where it is longer: ids differ at the end.

    >>> fitted("user-000123", 60, 10)
    'user…0123'
    """
    if text_width(text, size) <= room:
        return text
    kept = len(text) - 1
    while kept > 1 and text_width(_shorter(text, kept), size) > room:
        kept -= 1
    return _shorter(text, kept)


def _shorter(text: str, kept: int) -> str:
    """The first and last characters of a text, `kept` in all, with dots between them."""
    return text[: kept - kept // 2] + _DOTS + text[len(text) - kept // 2 :]


def _em(character: str) -> float:
    return 1.02 if wide(character) == 2 else 2 * _EM


def _along(points: list[Point], share: float) -> list[Point]:
    """The point at a share of each piece of a line, the longest piece first."""
    pieces = sorted(pairwise(points), key=lambda piece: piece[0][0] - piece[1][0])
    smooth = share * share * (3 - 2 * share)
    return [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * smooth) for a, b in pieces]


def _n(value: float) -> str:
    """A coordinate: a tenth of a unit is finer than anybody sees."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
