"""A page in parts that can be written as Markdown and as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple

_CODE = re.compile(r"`([^`]+)`")


class Heading(NamedTuple):
    """A heading of a section."""

    text: str


class Words(NamedTuple):
    """A paragraph; what stands between backticks is code."""

    text: str


class Points(NamedTuple):
    """A list."""

    items: tuple[str, ...]


class Table(NamedTuple):
    """Rows under a head; the first column is text, the others are numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Drawing(NamedTuple):
    """An SVG, which Markdown leaves out, and what it shows."""

    svg: str
    told: str


class Code(NamedTuple):
    """Commands as they are typed."""

    text: str


Block = Heading | Words | Points | Table | Drawing | Code


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table of any sequences."""
    return Table(tuple(head), tuple(tuple(row) for row in rows))


def as_markdown(title: str, blocks: Sequence[Block]) -> str:
    """The page as Markdown, without drawings; words from the data cannot end a cell or begin a tag."""
    return "\n\n".join([f"# {title}", *(text for text in map(_markdown, blocks) if text)]) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {text}"
        case Words(text):
            return text
        case Points(items):
            return "\n".join(f"- {item}" for item in items)
        case Table(head, rows):
            lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
            return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        case Code(text):
            return f"```\n{text}\n```"
        case Drawing():
            return ""


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def as_html(title: str, blocks: Sequence[Block]) -> str:
    """The page as one HTML file that needs nothing from outside it."""
    style = files("bonafide.lab.report").joinpath("style.css").read_text(encoding="utf-8")
    body = "\n".join(map(_html, blocks))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · Bonafide</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Words(text):
            return f"<p>{_worded(text)}</p>"
        case Points(items):
            return "<ul>" + "".join(f"<li>{_worded(item)}</li>" for item in items) + "</ul>"
        case Table(head, rows):
            return _html_table(head, rows)
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Drawing(svg, told):
            return f"<figure>{svg}<figcaption>{escape(told)}</figcaption></figure>"


def _worded(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _html_table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    kinds = ("", *(' class="number"' for _ in head[1:]))
    titles = "".join(f"<th{kind}>{escape(title)}</th>" for title, kind in zip(head, kinds, strict=True))
    lines = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead>\n<tbody>{lines}</tbody></table></div>'
