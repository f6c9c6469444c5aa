"""What may be handed in: three kinds, whole, and nothing that could act."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import UsageError
from bonafide.office.appeals.documents import INFLATED_MAX, SIZE_MAX, kind_of


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more: bytes, width: int = 1, pixels: bytes = b"\x00\x00\x00\x00") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def jpeg(comment: bytes = b"") -> bytes:
    told = b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment if comment else b""
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + told + b"\xff\xda\x00\x02\x01\xff\xd9"
    )


def stream(content: bytes, head: bytes = b"/Filter /FlateDecode") -> bytes:
    packed = zlib.compress(content) if b"Flate" in head or b"/Fl" in head else content
    return b"4 0 obj\n<< " + head + b" >>\nstream\n" + packed + b"\nendstream\nendobj\n"


def pdf(*parts: bytes) -> bytes:
    catalog = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    return b"%PDF-1.7\n" + catalog + b"".join(parts) + b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(pdf(), "application/pdf"), (pdf(stream(b"BT (a bill) Tj ET")), "application/pdf"),
     (pdf(stream(b"q Q", b"/Filter [/FlateDecode]")), "application/pdf"),
     (pdf(stream(jpeg(), b"/Filter /DCTDecode")), "application/pdf"),
     (png(), "image/png"), (png(chunk(b"tEXt", b"Title\x00a bill")), "image/png"), (jpeg(), "image/jpeg"),
     (jpeg(b"a bill"), "image/jpeg")],
)  # fmt: skip
def test_what_is_taken(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


ACTS = (b"/JavaScript", b"/OpenAction", b"/Launch", b"/EmbeddedFile", b"/EmbeddedFiles", b"/RichMedia", b"/XFA",
        b"/SubmitForm", b"/Encrypt", b"/J#61vaScript", b"/#4cau#6Ech")  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_a_pdf_that_could_act_is_refused_wherever_it_says_so(name: bytes) -> None:
    said = b"5 0 obj\n<< /S " + name + b" >>\nendobj\n"
    for content in (pdf(said), pdf(stream(said, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")),
                    pdf(stream(said, b"/F#69lter /Fl"))):  # fmt: skip
        with pytest.raises(UsageError, match="may act"):
            kind_of(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"), (b"PK\x03\x04" + bytes(40), "give a PDF"), (b"MZ" + bytes(40), "give a PDF"),
        (b"<html><script>alert(1)</script>", "give a PDF"), (b"GIF89a" + bytes(40), "give a PDF"),
        (b"\x1f\x8b\x08" + bytes(20), "give a PDF"), (b"<svg onload=alert(1)>", "give a PDF"),
        (b" " + pdf(), "give a PDF"), (png() + b"PK\x03\x04", "follows"), (jpeg() + b"more", "follows"),
        (pdf() + b"PK\x05\x06" + bytes(18), "follows"), (pdf(b"PK\x05\x06" + bytes(18)), "something else"),
        (pdf(b"%<script>x</script>\n"), "something else"), (pdf(b"Rar!\x1a\x07\x00"), "something else"),
        (png(chunk(b"tEXt", b"a\x00<?php system($_GET[0]); ?>")), "something else"),
        (jpeg(b"<html><body>"), "something else"), (png(chunk(b"tEXt", b"a\x00PK\x05\x06")), "something else"),
        (png()[:-20], "damaged|whole"), (png()[:40] + b"x" + png()[41:], "damaged"), (jpeg()[:20], "whole"),
        (b"\xff\xd8\xff\xe0\x00\x01\xff\xd9", "damaged"), (b"\xff\xd8\xff\xd9", "no picture"),
        (pdf(stream(b"x", b"/Filter /LZWDecode")), "not looked into"),
        (pdf(stream(b"x", b"/Filter [/FlateDecode /FlateDecode]")), "not looked into"),
        (pdf(stream(b"x", b"/Filter 9 0 R")), "not looked into"),
        (pdf(stream(b"x", b"/First 4 /Filter /FlateDecode /DecodeParms << /Predictor 12 >>")), "not looked into"),
        (pdf(b"4 0 obj\n<< /Filter /Fl >>\nstream\nnot packed\nendstream\n"), "damaged"),
        (pdf(stream(bytes(INFLATED_MAX + 1))), "MiB"), (png(width=2**31 - 1), "too large"),
        (bytes(SIZE_MAX + 1), "larger than"),
    ],
)  # fmt: skip
def test_what_is_not_taken(content: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        kind_of(content)


@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]),
       st.sampled_from([b"", b"%%EOF", b"\xff\xd9"]))  # fmt: skip
def test_whatever_comes_is_told_or_refused(content: bytes, begin: bytes, end: bytes) -> None:
    try:
        assert kind_of(begin + content + end) in ("application/pdf", "image/png", "image/jpeg")
    except UsageError as error:
        assert error.message.startswith("document: ")
