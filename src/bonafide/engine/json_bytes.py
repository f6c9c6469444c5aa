"""Texts of JSON as kernels read and write them: bytes, copied and stepped over."""

from __future__ import annotations

from bonafide.engine.kernel import copy_bytes, inner, shift

QUOTE, BACKSLASH = ord('"'), ord("\\")


@inner
def put_part(out, to, text, begin, end):
    """Copy text[begin:end] to `out`; returns where what follows it goes."""
    copy_bytes(shift(out, to), shift(text, begin), end - begin)
    return to + end - begin


@inner
def after_text(text, at):
    """Where what follows the quoted text at `at` begins."""
    at += 1
    while text[at] != QUOTE:
        at += 2 if text[at] == BACKSLASH else 1
    return at + 1
