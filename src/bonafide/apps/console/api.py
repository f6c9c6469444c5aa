"""The HTTP API as the console asks it: with the session of the person who looks, and with nothing of its own."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx

from bonafide.core.secret import Secret

TIMEOUT_S: Final = 20.0
"""Proposing a bundle plays its examples, which takes seconds."""
CONNECTIONS_MAX: Final = 32
_PROBLEMS: Final = "https://bonafide.invalid/problems/"
_CARRIED: Final = "-oidc"
"""How the name of the cookie ends that the API gives for the way to a provider."""
_NO_ANSWER: Final = 503
_UNAUTHENTICATED: Final = 401


class ApiError(Exception):
    """What the API refused, as it said it."""

    def __init__(self, status: int, name: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail


class SignedOutError(ApiError):
    """The session does not hold any more; sign in again."""


class Session(NamedTuple):
    """What the API gave a person: the cookie as the API named it, and the token that changes want."""

    name: str
    role: str
    pending: str | None
    cookie: Secret
    csrf: Secret


class Api:
    """One client for everybody. It keeps no cookie: each request carries that of its person alone."""

    def __init__(
        self, url: str, certificate: Path | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`certificate`: the service's own, where it speaks TLS; no other is taken. `transport`: for tests."""
        nothing = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.AsyncClient(
            base_url=url, timeout=TIMEOUT_S, cookies=nothing, trust_env=False, follow_redirects=False,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX), verify=_only(certificate),
            transport=transport,
        )  # fmt: skip

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def get(self, who: Session | None, path: str, /, **query: Any) -> Any:
        """The answer to a question; what is None in the query is left out. Raises ApiError."""
        given = {name: value for name, value in query.items() if value not in (None, "", False, ())}
        return (await self._ask(who, "GET", path, query=_plain(given)))[0]

    async def text(self, who: Session | None, path: str) -> str:
        """An answer that is no JSON."""
        answer = await self._send("GET", path, {} if who is None else {"cookie": who.cookie.reveal()})
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer.text

    async def document(self, who: Session, path: str, /, **query: Any) -> tuple[bytes, str]:
        """A file to be saved, and of which kind the API says it is."""
        answer = await self._send("GET", path, {"cookie": who.cookie.reveal()}, query)
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer.content, answer.headers.get("content-type", "application/octet-stream")

    async def post(self, who: Session, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Take a step. Raises ApiError."""
        return (await self._ask(who, "POST", path, body=body or {}))[0]

    async def sign_in(self, name: str, password: str, code: str) -> Session:
        """A new session."""
        body = {"name": name, "password": password} | ({"code": code} if code else {})
        return _session(*await self._ask(None, "POST", "/v1/session", body=body))

    async def choose_password(self, who: Session, old: str, new: str) -> Session:
        """A session that has one thing less to do."""
        return _session(*await self._ask(who, "POST", "/v1/session/password", body={"old": old, "new": new}))

    async def begin_device(self, who: Session) -> str:
        """What a device reads to give codes: `otpauth://...`."""
        return str((await self._ask(who, "POST", "/v1/session/totp", body={}))[0]["enrolment_url"])

    async def confirm_device(self, who: Session, code: str) -> Session:
        """A session that may do what its role may."""
        return _session(*await self._ask(who, "POST", "/v1/session/totp", body={"code": code}))

    async def sign_out(self, who: Session) -> None:
        """End the session."""
        await self._ask(who, "DELETE", "/v1/session")

    async def begin_provider(self) -> tuple[str, Secret]:
        """Where to send a browser that goes to a provider, and the cookie that it carries, as the API named it."""
        answer = await self._send("GET", "/v1/session/oidc/start", {})
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer.headers["location"], _given(answer, carried=True)

    async def come_back(self, carried: Secret, query: str) -> Session | Secret:
        """A provider's answer, and what the browser carried: a session, or what it carries until a code is given."""
        answer = await self._send("GET", f"/v1/session/oidc/callback?{query}", {"cookie": carried.reveal()})
        if answer.status_code >= 400:
            raise _problem(answer)
        if answer.headers.get("content-type", "").startswith("application/json"):
            return _given(answer, carried=True)
        return await self._of(_given(answer, carried=False))

    async def give_code(self, carried: Secret, code: str) -> Session:
        """The code of one's own second factor."""
        headers = {"cookie": carried.reveal()}
        answer = await self._send("POST", "/v1/session/oidc/code", headers, body={"code": code})
        if answer.status_code >= 400:
            raise _problem(answer)
        return await self._of(_given(answer, carried=False))

    async def _of(self, cookie: Secret) -> Session:
        """The session of a cookie."""
        answer = await self._send("GET", "/v1/session", {"cookie": cookie.reveal()})
        if answer.status_code >= 400:
            raise _problem(answer)
        told = answer.json()
        return Session(told["name"], told["role"], told["pending"], cookie, Secret(told["csrf_token"]))

    async def _ask(
        self, who: Session | None, method: str, path: str, *, query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[Any, httpx.Response]:  # fmt: skip
        headers = {} if who is None else {"cookie": who.cookie.reveal()}
        if who is not None and method != "GET":
            headers["x-csrf-token"] = who.csrf.reveal()
        answer = await self._send(method, path, headers, query, body)
        if answer.status_code == _UNAUTHENTICATED and who is not None:
            raise SignedOutError(_UNAUTHENTICATED, "unauthenticated", _detail(answer))
        if answer.status_code >= 400:
            raise _problem(answer)
        return (answer.json() if answer.content else None), answer

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:  # fmt: skip
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        more = {} if content is None else {"content-type": "application/json"}
        try:
            return await self._client.request(method, path, params=query, content=content, headers={**headers, **more})
        except httpx.HTTPError as error:
            raise ApiError(_NO_ANSWER, "overloaded", f"the service does not answer ({type(error).__name__})") from None


def part(text: str) -> str:
    """A text as one part of a path, whatever stands in it.

    >>> part("a/b?c")
    'a%2Fb%3Fc'
    """
    return quote(text, safe="~")


def _plain(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "true" if value is True else value for name, value in query.items()}


def _only(certificate: Path | None) -> ssl.SSLContext | bool:
    """Trust in one certificate alone, whatever name it bears: the service's, which listens on this machine."""
    if certificate is None:
        return True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cafile=str(certificate))
    return context


def _problem(answer: httpx.Response) -> ApiError:
    try:
        told = answer.json()
        name = str(told.get("type", "")).removeprefix(_PROBLEMS)
    except (ValueError, AttributeError):
        name = "internal"
    return ApiError(answer.status_code, name, _detail(answer))


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {answer.status_code}"


def _given(answer: httpx.Response, *, carried: bool) -> Secret:
    """The cookie that an answer gives: of the session, or the one that is carried to a provider and back."""
    for line in answer.headers.get_list("set-cookie"):
        pair = line.partition(";")[0]
        if pair.partition("=")[0].endswith(_CARRIED) == carried and pair.partition("=")[2]:
            return Secret(pair)
    raise ApiError(_NO_ANSWER, "overloaded", "the service gave no cookie")


def _session(told: Mapping[str, Any], answer: httpx.Response) -> Session:
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    return Session(told["name"], told["role"], told["pending"], Secret(cookie), Secret(told["csrf_token"]))
