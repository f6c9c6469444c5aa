"""The settings of `bonafide serve`: what each means, what it accepts, and where it is read from.

Command-line options win over the environment (`BONAFIDE_PORT`), the environment over the file (`port = 8321`), the file
over the defaults. Everything that is wrong is said at once, before anything is opened. docs/settings.md shows them all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, inspect

from bonafide.core.errors import ConfigError, UsageError
from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.core.secret import HIDDEN, Secret
from bonafide.core.text import did_you_mean, shorten, show_value
from bonafide.office.access.keys import KEY_CACHE_MS
from bonafide.office.outbox.kafka import read_brokers, read_properties
from bonafide.office.outbox.reach import read_networks, read_ports

ENVIRONMENT_PREFIX: Final = "BONAFIDE_"
BODY_BYTES_MAX: Final = 8 * 2**20
ARRAY_EVENTS_MAX: Final = 1_000
"""Events in one array: a queue that is shorter could never take it."""
FILE_BYTES_MAX: Final = 2**20

_NOT_SETTINGS: Final = re.compile(
    "CACHE|DATA|CONFIG|MASTER_KEY|SESSION|SERVICE_(HOST|PORT)(_.*)?|PORT_[0-9]+_(TCP|UDP)(_.*)?"
)
"""Names after the prefix that mean something else: where compiled kernels lie, what `serve` has options for, the key
that wraps all others (docs/subjects.md), who is signed in (docs/bundle-life.md), and what Kubernetes tells every
container of a service called bonafide."""
_KUBERNETES_PORT: Final = re.compile("(tcp|udp|sctp)://")
_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_HOST: Final = "^[A-Za-z0-9.:_-]{1,253}$"
_LINE: Final = re.compile(r"""^(\s*["']?([A-Za-z0-9_-]+)["']?\s*=).*$""", re.MULTILINE)


def _read_url(url: Secret) -> object:
    from bonafide.office.store.engines import url_of

    return url_of(url)


def _read_place(url: str) -> object:
    from bonafide.office.people.oidc_fetch import FetchError, read_place

    try:
        return read_place(url)
    except FetchError as error:
        raise ValueError(str(error)) from None


def _read_api(url: str) -> object:
    read = urlsplit(url)
    if read.scheme not in ("http", "https") or not read.hostname or read.path not in ("", "/") or read.query:
        raise ValueError("a URL without a path")
    return read


def read_words(text: str) -> frozenset[str]:
    """The words of a list; ValueError where there are none.

    >>> sorted(read_words("mfa, otp"))
    ['mfa', 'otp']
    """
    words = frozenset(word.strip() for word in text.split(","))
    if not all(words):
        raise ValueError("words with commas between")
    return words


_READ: Final[dict[str, Callable[[Any], object]]] = {
    "store_url": _read_url, "oidc_issuer": _read_place, "oidc_redirect_url": _read_place,
    "oidc_second_factors": read_words, "webhook_networks": read_networks, "webhook_ports": read_ports,
    "kafka_brokers": read_brokers, "console_api": _read_api,
}  # fmt: skip
"""Settings whose text has a form of its own: what reads it, and raises ValueError or UsageError for another."""
_LIST_LENGTH_MAX: Final = 4_096


def _listed(accepted: str, meaning: str) -> Meta:
    """A text that holds several values."""
    return Meta(max_length=_LIST_LENGTH_MAX, description=meaning, extra_json_schema={"accepted": accepted})


def _whole(low: int, high: int, meaning: str) -> Meta:
    return Meta(ge=low, le=high, description=meaning)


def _secret(accepted: str, meaning: str) -> Meta:
    return Meta(description=meaning, extra_json_schema={"accepted": accepted})


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting, checked. Units stand last in a name: `_ms`, `_s`, `_days`, `_bytes_max`, `_per_s`, `_per_day`."""

    host: Annotated[str, Meta(pattern=_HOST, description="the address to listen on")] = "127.0.0.1"
    port: Annotated[int, _whole(0, 65_535, "the port to listen on; 0 takes a free one")] = 8_321
    tls_certificate: (
        Annotated[str, Meta(min_length=1, description="the certificate's file (PEM); wants `tls_key`")] | None
    ) = None
    tls_key: Annotated[str, Meta(min_length=1, description="the file of the certificate's key (PEM)")] | None = None
    bundle: Annotated[
        str, Meta(min_length=1, description="what decides: a bundle's folder or a shipped one's name")
    ] = "paylater"
    store_url: (
        Annotated[
            Secret,
            _secret("a URL such as postgresql://user@host/name", "the office's store, where it is not `office.db`"),
        ]
        | None
    ) = None
    oidc_issuer: (
        Annotated[str, _listed("an https:// URL", "the provider of identities that people come in through")] | None
    ) = None
    oidc_client_id: (
        Annotated[str, Meta(min_length=1, max_length=256, description="what the provider calls this service")] | None
    ) = None
    oidc_client_secret: (
        Annotated[Secret, _secret("text that is not empty", "by which the provider knows this service")] | None
    ) = None
    oidc_redirect_url: (
        Annotated[str, _listed("an https:// URL", "this service's `/v1/session/oidc/callback`, as browsers reach it")]
        | None
    ) = None
    oidc_claim: Annotated[
        str, Meta(min_length=1, max_length=64, description="the claim of a token that says who somebody is")
    ] = "sub"
    oidc_second_factors: (
        Annotated[str, _listed("words with commas between", "values of `amr` or `acr` that stand for a second factor")]
        | None
    ) = None
    four_eyes: Annotated[
        Literal["auto", "always", "never"],
        Meta(description="whether two people choose the bundle, and not `bundle`; auto: from the first approval on"),
    ] = "auto"
    bundle_wait_s: Annotated[
        int, _whole(0, 604_800, "how long an approved bundle that may harm somebody waits; 0: not at all")
    ] = 86_400
    deadline_ms: (
        Annotated[int, _whole(1, 60_000, "an answer takes no longer; none: what the bundle's policy says")] | None
    ) = None
    queue_events_max: Annotated[
        int, _whole(ARRAY_EVENTS_MAX, 2**20, "events that may wait to be decided; more are answered 503")
    ] = 16_384
    batch_events_max: Annotated[int, _whole(1, 2**16, "events decided and made durable together, at most")] = 2_048
    in_flight_requests_max: Annotated[
        int, _whole(1, 2**16, "requests worked on at one time; more are answered 503")
    ] = 2_048
    connections_max: Annotated[int, _whole(1, 2**16, "connections open at one time; more are turned away")] = 4_096
    body_bytes_max: Annotated[
        int, _whole(1_024, BODY_BYTES_MAX, "bytes of a request's body; longer ones are answered 413")
    ] = BODY_BYTES_MAX
    rate_events_per_s: Annotated[
        int, _whole(1, 1_000_000, "events a second from a key that has no rate of its own")
    ] = 100_000
    header_timeout_ms: Annotated[int, _whole(100, 600_000, "how long a request's head may take to arrive")] = 10_000
    body_timeout_ms: Annotated[int, _whole(100, 600_000, "how long a request's body may take to arrive")] = 10_000
    keep_alive_s: Annotated[int, _whole(1, 3_600, "how long a connection may stay open without a request")] = 75
    snapshot_every_events: Annotated[
        int, _whole(1_000, 10**9, "events between two snapshots: more make a start after a crash slower")
    ] = 500_000
    dead_letter_days: Annotated[int, _whole(1, 3_650, "how long a refused record is kept")] = 30
    basis_days: Annotated[
        int, _whole(0, 3_650, "how long it is kept what scores were reckoned from; 0: it is not kept")
    ] = 180
    webhook_networks: (
        Annotated[
            str,
            _listed("networks such as 10.0.0.0/8, divided by commas",
                    "networks of one's own that receivers may stand in; the public internet is always sent to"),
        ] | None
    ) = None  # fmt: skip
    webhook_ports: Annotated[
        str, _listed("ports from 1 to 65535, divided by commas", "ports of receivers that may be sent to")
    ] = "443"
    webhook_http: Annotated[
        Literal["refused", "allowed"],
        Meta(description="sending without TLS to receivers in `webhook_networks`; elsewhere it is always refused"),
    ] = "refused"
    kafka_brokers: (
        Annotated[
            str,
            _listed("brokers such as kafka-1.example.org:9092, divided by commas",
                    "Kafka brokers that may be sent to; nothing else is"),
        ] | None
    ) = None  # fmt: skip
    kafka_properties: (
        Annotated[str, Meta(min_length=1, description="a file of the Kafka client's properties: `sasl.password`, ...")]
        | None
    ) = None
    message_days: Annotated[
        int, _whole(1, 3_650, "how long messages can be asked for, and what was sent or given up is kept")
    ] = 90
    alerts_per_day: (
        Annotated[int, _whole(1, 1_000_000, "alerts that people can look at in a day; none: 0.5 % of payments")] | None
    ) = None
    console: Annotated[
        Literal["on", "off"], Meta(description="whether the console runs beside the API, where it is installed")
    ] = "on"
    console_port: Annotated[int, _whole(0, 65_535, "the console's port on this machine; 0 takes a free one")] = 8_322
    console_api: (
        Annotated[str, _listed("an http:// or https:// URL", "where a console of its own (`--role console`) asks")]
        | None
    ) = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="the least that is logged")] = (
        "info"
    )
    log_format: Annotated[Literal["json", "text"], Meta(description="a JSON object a line, or text for people")] = (
        "json"
    )
    grace_s: Annotated[int, _whole(0, 600, "how long a stop waits for requests that are being answered")] = 8
    key_cache_ms: Annotated[
        int, _whole(0, 60_000, "how long a key that was revoked by another process may still hold")
    ] = KEY_CACHE_MS


class Setting(NamedTuple):
    """One setting as people read of it."""

    name: str
    default: Any
    accepted: str
    """What it takes, as it completes the sentence "give ..."."""
    meaning: str
    annotation: Any
    is_number: bool
    is_secret: bool
    """It is taken from the file and the environment alone, and no message shows it."""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        """The option of `bonafide serve` that sets it."""
        return "--" + self.name.replace("_", "-")


def _accepted(kind: inspect.Type, said: Mapping[str, Any]) -> str:
    if "accepted" in said:
        return str(said["accepted"])
    match kind:
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.LiteralType(values=words):
            return f"one of {', '.join(str(word) for word in words)}"
        case inspect.StrType(pattern=str()):
            return "an IP address or a host's name"
        case _:
            return "text that is not empty"


def _settings() -> Iterator[Setting]:
    for field in msgspec.structs.fields(Settings):
        kind = inspect.type_info(field.type)
        (said,) = (k for k in getattr(kind, "types", (kind,)) if isinstance(k, inspect.Metadata))
        told = said.extra_json_schema or {}
        is_number = isinstance(said.type, inspect.IntType)
        is_secret = isinstance(said.type, inspect.CustomType)
        accepted, meaning = _accepted(said.type, told), str(told["description"])
        yield Setting(field.name, field.default, accepted, meaning, field.type, is_number, is_secret)


SETTINGS: Final[dict[str, Setting]] = {setting.name: setting for setting in _settings()}


def read_settings(
    file: Path | None, environment: Mapping[str, str], options: Mapping[str, object] | None = None
) -> Settings:
    """The settings of one start.

    `file` is a TOML file, or None where there is none; `environment` is `os.environ`; `options` holds what the command
    line gave by setting name, with None for what it did not give. Raises ConfigError that says everything that is
    wrong: where it stands, the value, and what is accepted.
    """
    chosen, text, mistakes = _gathered(file, environment, options or {})
    if not mistakes:
        found = Settings(**{name: _converted(SETTINGS[name], one.value) for name, one in chosen.items()})
        mistakes += _check_together(found, chosen)
        if not mistakes:
            return found
    raise _refusal(file, text, mistakes)


def read_setting(name: str, file: Path | None, environment: Mapping[str, str]) -> Any:
    """One setting, for a command that needs no other: as `read_settings` finds it, without what only a start needs."""
    chosen, text, mistakes = _gathered(file, environment, {})
    if mistakes:
        raise _refusal(file, text, mistakes)
    setting = SETTINGS[name]
    return _converted(setting, chosen[name].value) if name in chosen else setting.default


def _gathered(
    file: Path | None, environment: Mapping[str, str], options: Mapping[str, object]
) -> tuple[dict[str, _Given], str, list[Mistake]]:
    """What wins of each setting, the file's text, and all that is wrong, also with what another place overrides."""
    text, given, mistakes = _read_file(file)
    chosen: dict[str, _Given] = {}
    for layer in (given, _from_environment(environment, mistakes), _from_options(options)):
        chosen |= layer
        for name, one in layer.items():
            mistakes += _check(SETTINGS[name], one)
    return chosen, text, mistakes


def _refusal(file: Path | None, text: str, mistakes: list[Mistake]) -> ConfigError:
    texts = {} if file is None else {str(file): _LINE.sub(_hide, text)}
    return ConfigError("settings", show_mistakes(mistakes, texts), mistakes=tuple(mistakes))


def _hide(line: re.Match[str]) -> str:
    """A line of a settings file as it may be shown: without a secret, also where its name is misspelt."""
    secret = [name for name, setting in SETTINGS.items() if setting.is_secret]
    return f"{line[1]} {HIDDEN}" if line[2] in secret or did_you_mean(line[2].lower(), secret) else line[0]


class _Given(NamedTuple):
    """A value, and where somebody wrote it: a file with line and column, a variable or an option."""

    value: Any
    path: str
    line: int | None = None
    column: int | None = None
    width: int = 1


def _mistake(code: str, message: str, one: _Given) -> Mistake:
    return Mistake(code, message, one.path, one.line, one.column, one.width)


def _read_file(file: Path | None) -> tuple[str, dict[str, _Given], list[Mistake]]:
    """The file's text, its settings, and the names in it that are none."""
    if file is None:
        return "", {}, []
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(str(file), f"cannot be read: {error.strerror}") from None
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(str(file), f"is larger than {FILE_BYTES_MAX} bytes; settings take a few lines")
    try:
        text = content.decode("utf-8")
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(str(file), f"is no TOML: {error}") from None
    given: dict[str, _Given] = {}
    mistakes: list[Mistake] = []
    for name, value in found.items():
        one = _Given(value, str(file), *_place(name, text))
        if name in SETTINGS:
            given[name] = one
        else:
            what = "setting, and there are no tables" if isinstance(value, dict) else "setting"
            mistakes.append(
                _mistake("unknown-name", f"{shorten(name)} is no {what}{did_you_mean(name, SETTINGS)}", one)
            )
    return text, given, mistakes


def _place(name: str, text: str) -> tuple[int | None, int | None, int]:
    """Line, column and width of a name at the top of a TOML file, as far as it is written plainly."""
    found = re.search(rf"""(?m)^[ \t]*\[*[ \t]*["']?({re.escape(name)})\b""", text)
    if found is None:
        return None, None, 1
    before = text[: found.start(1)]
    return before.count("\n") + 1, found.start(1) - (before.rfind("\n") + 1) + 1, len(name)


def _from_environment(environment: Mapping[str, str], mistakes: list[Mistake]) -> dict[str, _Given]:
    """What the environment sets. An empty variable sets nothing: who composes containers cannot always leave it out."""
    given: dict[str, _Given] = {}
    variables = {setting.variable: setting for setting in SETTINGS.values()}
    for variable, text in sorted(environment.items()):
        bare = variable.removeprefix(ENVIRONMENT_PREFIX)
        if bare == variable or not text or _NOT_SETTINGS.fullmatch(bare):
            continue
        setting = variables.get(variable)
        if setting is None:
            told = f"is no setting{did_you_mean(variable, variables)}"
            mistakes.append(Mistake("unknown-name", told, shorten(variable)))
        elif not (setting.name == "port" and _KUBERNETES_PORT.match(text)):
            is_number = setting.is_number and _WHOLE_NUMBER.fullmatch(text)
            given[setting.name] = _Given(int(text) if is_number else text, variable)
    return given


def _from_options(options: Mapping[str, object]) -> dict[str, _Given]:
    given = {name: value for name, value in options.items() if value is not None}
    return {name: _Given(value, SETTINGS[name].option) for name, value in given.items()}


def _check(setting: Setting, one: _Given) -> list[Mistake]:
    named = "" if one.path in {setting.variable, setting.option} else f"{setting.name}: "
    if setting.is_secret and one.path == setting.option:
        told = "everybody on this machine can read it there, and other commands do not"
        return [_mistake("value", f"{told}; give {setting.accepted} in the file, or as {setting.variable}", one)]
    try:
        _converted(setting, one.value)
    except (ValueError, UsageError):  # msgspec's too
        shown = "what is set" if setting.is_secret else show_value(one.value)
        return [_mistake("value", f"{named}{shown} is not accepted; give {setting.accepted}", one)]
    return []


def _converted(setting: Setting, value: Any) -> Any:
    """A value as the settings hold it; ValidationError or UsageError for one that is not accepted."""
    found = msgspec.convert(value, setting.annotation, strict=True, dec_hook=_hidden)
    if setting.name in _READ and found is not None:
        _READ[setting.name](found)
    return found


def encode_settings(settings: Settings) -> bytes:
    """Settings on one line, secrets in clear: for a pipe to a process of our own, and for nothing else."""
    return msgspec.json.encode(settings, enc_hook=lambda secret: secret.reveal())


def decode_settings(line: bytes) -> Settings:
    """The settings that `encode_settings` wrote.

    >>> decode_settings(encode_settings(Settings(store_url=Secret("sqlite://")))).store_url.reveal()
    'sqlite://'
    """
    return msgspec.json.decode(line, type=Settings, dec_hook=_hidden)


def _hidden(kind: type, value: Any) -> Any:
    if kind is not Secret or not isinstance(value, str) or not value:
        raise ValueError("a secret is text that is not empty")
    return Secret(value)


def _check_together(found: Settings, chosen: Mapping[str, _Given]) -> list[Mistake]:
    """What holds between settings, and what must be there on this machine."""
    mistakes = []
    if (found.tls_certificate is None) != (found.tls_key is None):
        there, missing = ("tls_key", "tls_certificate") if found.tls_key else ("tls_certificate", "tls_key")
        mistakes.append(_mistake("value", f"{there} is given without {missing}; TLS wants both", chosen[there]))
    of_provider = {name: getattr(found, name) for name in ("oidc_issuer", "oidc_client_id", "oidc_redirect_url")}
    stated = [name for name, value in of_provider.items() if value is not None]
    if 0 < len(stated) < len(of_provider):
        lacks = ", ".join(name for name in of_provider if name not in stated)
        told = f"{stated[0]} is given without {lacks}; a provider wants all of them"
        mistakes.append(_mistake("value", told, chosen[stated[0]]))
    for name in ("tls_certificate", "tls_key", "kafka_properties"):
        path = getattr(found, name)
        if path is not None and not Path(path).is_file():
            mistakes.append(_mistake("value", f"{name}: {shorten(path)}: there is no such file", chosen[name]))
        elif name == "kafka_properties" and path is not None:
            try:
                read_properties(Path(path))
            except UsageError as error:
                mistakes.append(_mistake("value", f"{name}: {error}", chosen[name]))
    return mistakes
