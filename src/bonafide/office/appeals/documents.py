"""Documents that are handed in: what they are is told by their content, and what could act is refused.

Three kinds are taken: PDF, PNG and JPEG. Each must be that from its first byte to its last, so that nothing gets in
that is something else too; archives are none of them. A PDF may hold nothing that runs, opens or embeds, also under
names written in hex; one whose objects lie in compressed streams is looked into, within bounds. What is encrypted
cannot be looked into and is refused.
"""

from __future__ import annotations

import re
import zlib
from typing import Final, Literal

from bonafide.core.errors import UsageError

MediaType = Literal["application/pdf", "image/png", "image/jpeg"]
SIZE_MAX: Final = 5 << 20
"""Bytes of one document."""
COUNT_MAX: Final = 8
"""Documents of one appeal."""
INFLATED_MAX: Final = 32 << 20
"""Bytes that the streams of one PDF may come to."""
STREAMS_MAX: Final = 10_000
CHUNKS_MAX: Final = 10_000
PIXELS_MAX: Final = 50_000_000
PICTURE_MAX: Final = 256 << 20
"""Bytes that a picture's pixels may come to."""
_AT_ONCE: Final = 1 << 20
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|OpenAction|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToR|GoToE|Rendition|Encrypt)"
    rb"(?![A-Za-z0-9])"
)
"""Names without which nothing in a PDF runs, opens, sends or embeds; long enough not to stand in pixels by chance."""
_HEX: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_FILTER: Final = re.compile(rb"/Filter\s*(\[[^\]]*\]|/[A-Za-z0-9]+)")
_FLATE: Final = (b"FlateDecode", b"Fl")
_FILTERS: Final = frozenset({*_FLATE, b"DCTDecode", b"DCT", b"CCITTFaxDecode", b"CCF", b"JPXDecode"})
_ARCHIVES: Final = (b"Rar!\x1a", b"7z\xbc\xaf\x27\x1c")
"""How archives begin that a reader would find also in the middle of a file."""
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 66_000
"""Where a ZIP's end stands that follows something else."""
_MARKUP: Final = re.compile(rb"<\s*(?:script|html|svg|iframe|object|embed|body|!doctype|\?php)", re.IGNORECASE)


def kind_of(content: bytes) -> MediaType:
    """What a document is; UsageError, which says what is taken, for anything else, and for what could act."""
    if not content:
        raise UsageError("document: is empty")
    if len(content) > SIZE_MAX:
        raise UsageError(f"document: is larger than {SIZE_MAX >> 20} MiB")
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return "application/pdf"
    if content.startswith(_PNG):
        _check_png(content)
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content)
        return "image/jpeg"
    raise UsageError("document: give a PDF, a PNG or a JPEG; archives and other files are not taken")


def _check_pdf(content: bytes) -> None:
    tail = content.rstrip(b"\x00\t\n\f\r ")
    if not tail.endswith(b"%%EOF"):
        raise UsageError("document: is no whole PDF, or something follows it")
    _refuse_others(content, "PDF")
    _refuse_active(content)
    left = INFLATED_MAX
    for number, found in enumerate(_STREAM.finditer(content)):
        if number >= STREAMS_MAX:
            raise UsageError(f"document: the PDF has more than {STREAMS_MAX} streams")
        head = _plain(content[max(0, content.rfind(b"obj", 0, found.start())) : found.start()])
        filters = _filters_of(head)
        if filters and filters[0] in _FLATE:
            inflated = _inflate(content[found.end() :], left)
            left -= len(inflated)
            _refuse_active(inflated)


def _filters_of(head: bytes) -> list[bytes]:
    """How a stream is packed; UsageError where it cannot be looked into."""
    said = _FILTER.search(head)
    filters = re.findall(rb"/([A-Za-z0-9]+)", said[1]) if said else []
    packed = [one for one in filters if one in _FLATE]
    hidden = b"/Filter" in head and not filters
    shifted = b"/Predictor" in head and b"/First" in head  # objects whose names are not there to be read
    if hidden or shifted or not _FILTERS.issuperset(filters) or len(packed) > 1 or packed != filters[: len(packed)]:
        raise UsageError("document: the PDF has streams of a kind that is not looked into; print it to a new PDF")
    return filters


def _inflate(content: bytes, most: int) -> bytes:
    try:
        found = zlib.decompressobj().decompress(content, most + 1)
    except zlib.error:
        raise UsageError("document: the PDF is damaged; print it to a new PDF") from None
    if len(found) > most:
        raise UsageError(f"document: what is compressed in it comes to more than {INFLATED_MAX >> 20} MiB")
    return found


def _plain(text: bytes) -> bytes:
    """A PDF's text with names that were written in hex as they are read."""
    return _HEX.sub(lambda one: bytes([int(one[1], 16)]), text)


def _refuse_active(text: bytes) -> None:
    found = _ACTIVE.search(_plain(text))
    if found is not None:
        raise UsageError(f"document: the PDF has {found[0].decode()}, which may act; print it to a new PDF")


def _check_png(content: bytes) -> None:
    at, chunks, pixels = len(_PNG), 0, b""
    while at < len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body, end = content[at + 8 : at + 8 + size], at + 12 + size
        chunks += 1
        if end > len(content) or chunks > CHUNKS_MAX or zlib.crc32(kind + body) != int.from_bytes(
            content[end - 4 : end], "big"
        ):  # fmt: skip
            raise UsageError("document: the PNG is damaged")
        if (chunks == 1) != (kind == b"IHDR"):
            raise UsageError("document: the PNG is damaged")
        if kind == b"IHDR" and _pixels(body) > PIXELS_MAX:
            raise UsageError("document: the picture is too large")
        if kind == b"IDAT":
            pixels += body
        at = end
        if kind == b"IEND":
            break
    if at != len(content) or content[-8:-4] != b"IEND" or not pixels:
        raise UsageError("document: is no whole PNG, or something follows it")
    _refuse_others(content, "PNG")
    _inflate_pixels(pixels)


def _pixels(header: bytes) -> int:
    return int.from_bytes(header[:4], "big") * int.from_bytes(header[4:8], "big")


def _inflate_pixels(pixels: bytes) -> None:
    inflater, found = zlib.decompressobj(), 0
    try:
        while pixels and not inflater.eof:
            found += len(inflater.decompress(pixels, _AT_ONCE))
            pixels = inflater.unconsumed_tail
            if found > PICTURE_MAX:
                raise UsageError("document: the picture is too large")
    except zlib.error:
        raise UsageError("document: the PNG is damaged") from None


def _check_jpeg(content: bytes) -> None:
    if not content.endswith(b"\xff\xd9"):
        raise UsageError("document: is no whole JPEG, or something follows it")
    _refuse_others(content, "JPEG")
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise UsageError("document: the JPEG is damaged")
        marker = content[at + 1]
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        if size < 2:
            raise UsageError("document: the JPEG is damaged")
        if marker == 0xDA:  # from here on it is pixels
            return
        at += 2 + size
    raise UsageError("document: the JPEG has no picture")


def _refuse_others(content: bytes, kind: str) -> None:
    """UsageError where something else begins in it, which another reader would take it for."""
    if any(one in content for one in _ARCHIVES) or _ZIP_END in content[-_ZIP_TAIL:] or _MARKUP.search(content):
        raise UsageError(f"document: the {kind} holds something else too; print or export it anew")
