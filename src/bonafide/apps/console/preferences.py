"""What a browser chooses for itself, language and theme, and where somebody was going."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.texts import LANGUAGES, Texts, language_of

LANGUAGE_COOKIE: Final = "bonafide-language"
THEME_COOKIE: Final = "bonafide-theme"
THEMES: Final = ("light", "dark", "auto")
_YEAR_S: Final = 365 * 86_400
_FOUND: Final = 303


async def prefer(request: Request) -> Response:
    """Language and theme, which are the browser's and nobody's secret."""
    answer = RedirectResponse(to_of(request), _FOUND)
    for name, cookie, values in (("language", LANGUAGE_COOKIE, LANGUAGES), ("theme", THEME_COOKIE, THEMES)):
        value = request.query_params.get(name, "")
        if value in values:
            answer.set_cookie(cookie, value, max_age=_YEAR_S, path="/", httponly=True, samesite="lax")
    return answer


def texts_of(request: Request) -> Texts:
    """The texts in the language of whoever asks."""
    accepts = request.headers.get("accept-language", "")[:256]
    return Texts(language_of(request.cookies.get(LANGUAGE_COOKIE), accepts))


def theme_of(request: Request) -> str:
    """The theme that was chosen; by the browser's own where none was."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "auto"


def local_path(given: str) -> str:
    """A path of this console; the start for anything else, which might lead elsewhere.

    >>> local_path("/cases/17?tab=why"), local_path("https://example.org/"), local_path("//example.org"), local_path("")
    ('/cases/17?tab=why', '/', '/', '/')
    """
    read = urlsplit(given)
    plain = given.startswith("/") and not given.startswith("//") and "\\" not in given and given.isprintable()
    return given if plain and not read.scheme and not read.netloc else "/"


def to_of(request: Request) -> str:
    """Where somebody was going."""
    return local_path(request.query_params.get("to", "/"))
