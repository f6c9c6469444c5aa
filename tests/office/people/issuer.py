"""A provider of identities on loopback, which checks what a client proves and signs whatever a test wants signed."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from bonafide.core.secret import Secret
from bonafide.office.people.oidc_provider import OidcSettings
from tests.office.audit.kit import START_MS

CLIENT, REDIRECT = "bonafide", "https://console.example.org/v1/session/oidc/callback"
SECRET = Secret("client & secret: ü")
NOW_S = START_MS // 1_000
KEY_ID = "first"
MADE = {"alg": "RS256", "kid": KEY_ID}
"""The header of a token as it should be."""


@cache
def rsa_key(kid: str = KEY_ID, bits: int = 2_048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid, "use": "sig"})


@cache
def ec_key(kid: str = "curve", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid, "use": "sig"})  # type: ignore[arg-type]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token as its parts are, whatever they are."""
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}.{b64(signature)}"


class Issuer:
    """`told` counts what was asked for; `answers` replaces what a path answers, as (status, headers, body)."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.described: dict[str, Any] = {}
        self.keys: list[Any] = [rsa_key(), ec_key()]
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(MADE, claims, rsa_key())
        self.codes: dict[str, dict[str, Any]] = {}
        self.secret: Secret | None = SECRET
        self.hangs = threading.Event()
        self.hangs.set()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                issuer._answer(self, None)

            def do_POST(self) -> None:
                issuer._answer(self, self.rfile.read(int(self.headers["content-length"])).decode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def settings(self, **more: Any) -> OidcSettings:
        given = OidcSettings(self.url, CLIENT, self.secret, REDIRECT, "sub", frozenset())
        return given._replace(**more)

    def consent(self, url: str, sub: str = "ann-at-home", **claims: Any) -> dict[str, str]:
        """Somebody signs in where the URL led them; returns what comes back through their browser."""
        asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", CLIENT, REDIRECT)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split(" ")
        code = f"code-{len(self.codes)}"
        said = {"iss": self.url, "aud": CLIENT, "sub": sub, "iat": NOW_S, "exp": NOW_S + 300, "nonce": asked["nonce"]}
        merged = {name: value for name, value in {**said, **claims}.items() if value is not None}
        self.codes[code] = {"challenge": asked["code_challenge"], "claims": merged}
        return {"code": code, "state": asked["state"], "iss": self.url}

    def _answer(self, handler: BaseHTTPRequestHandler, form: str | None) -> None:
        self.told.append(handler.path)
        self.hangs.wait()
        if handler.path in self.answers:
            status, headers, body = self.answers[handler.path]
        elif handler.path == "/.well-known/openid-configuration":
            status, headers, body = 200, {}, json.dumps(self._description()).encode()
        elif handler.path == "/keys":
            public = [one if isinstance(one, dict) else one.as_dict(private=False) for one in self.keys]
            status, headers, body = 200, {}, json.dumps({"keys": public}).encode()
        else:
            status, headers, body = self._token(handler.headers.get("authorization"), form or "")
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if "content-length" not in headers:
                handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass

    def _description(self) -> dict[str, Any]:
        told = {"issuer": self.url, "authorization_endpoint": f"{self.url}/authorize?tenant=7",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys"}  # fmt: skip
        return told | self.described

    def _token(self, authorization: str | None, form: str) -> tuple[int, dict[str, str], bytes]:
        given = {name: values[0] for name, values in parse_qs(form, strict_parsing=True).items()}
        kept = self.codes.pop(given.get("code", ""), None)
        challenge = b64(sha256(given.get("code_verifier", "").encode()).digest())
        fits = (
            kept is not None and challenge == kept["challenge"] and given["redirect_uri"] == REDIRECT
            and given["grant_type"] == "authorization_code" and self._proves(authorization, given)
        )  # fmt: skip
        if not fits or kept is None:
            return 400, {}, b'{"error":"invalid_grant"}'
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(kept["claims"])}
        return 200, {}, json.dumps(answer).encode()

    def _proves(self, authorization: str | None, form: dict[str, str]) -> bool:
        if self.secret is None:
            return authorization is None and form.get("client_id") == CLIENT and "client_secret" not in form
        methods = self.described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" not in methods:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, self.secret.reveal())
        from urllib.parse import quote

        pair = f"{CLIENT}:{quote(self.secret.reveal(), safe='')}"
        return authorization == f"Basic {base64.b64encode(pair.encode()).decode()}"


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """A provider that runs while the block does."""
    issuer = Issuer()
    try:
        yield issuer
    finally:
        issuer.close()
