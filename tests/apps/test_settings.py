"""The settings of `bonafide serve`: which place wins, what is refused and how, and that each stands on its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bonafide.apps.settings import SETTINGS, Settings, read_setting, read_settings
from bonafide.core.errors import ConfigError
from tests.engine.kit import assert_golden

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
GOLDEN = Path(__file__).parent / "golden" / "settings_refusals.txt"
UNITS = ("_max", "_ms", "_s", "_days", "_events", "_per_day")


def refusal(file: Path | None, environment: dict[str, str], options: dict[str, object] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read_settings(file, environment, options)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file, named without its folder."""
    monkeypatch.chdir(tmp_path)
    return Path("bonafide.toml")


def test_a_start_without_settings_has_the_defaults() -> None:
    found = read_settings(None, {"PATH": "/bin"})
    assert found == Settings()
    assert (found.host, found.port, found.bundle) == ("127.0.0.1", 8321, "paylater")


def test_options_win_over_the_environment_and_that_over_the_file(file: Path) -> None:
    file.write_text('port = 1\ngrace_s = 2\nhost = "::1"\nlog_format = "text"\n')
    environment = {"BONAFIDE_PORT": "3", "BONAFIDE_GRACE_S": "4"}
    found = read_settings(file, environment, {"port": 5, "host": None})
    assert (found.port, found.grace_s, found.host, found.log_format) == (5, 4, "::1", "text")


def test_everything_that_is_wrong_is_said_at_once(file: Path) -> None:
    file.write_text('prt = 1\nport = 99999\n  log_level = "loud"\nkeep_alive_s = 1.5\n[server]\nhost = "x"\n')
    environment = {"BONAFIDE_QUEUE_EVENT_MAX": "5", "BONAFIDE_GRACE_S": "8 s", "BONAFIDE_PORT": "http"}
    told = [
        refusal(file, environment, {"body_bytes_max": 2**30, "host": "a host"}),
        refusal(None, {"BONAFIDE_TLS_KEY": "key.pem"}),
    ]
    file.write_text("port =")
    told.append(refusal(file, {}))
    file.write_bytes(b"host = '\xff'")
    told.append(refusal(file, {}))
    told.append(refusal(Path("other.toml"), {}))
    file.write_text('store_ulr = "postgresql://ann:sesame@db/office"\n')
    told.append(
        refusal(file, {"BONAFIDE_STORE_URL": "mysql://ann:sesame@db"}, {"store_url": "postgresql://ann:sesame@db"})
    )
    file.write_text('store_url = "ftp://ann:se:sa@me@db/office"\n')
    told.append(refusal(file, {}))
    assert not any("sesame" in text or "sa@me" in text for text in told)
    assert_golden(GOLDEN, "\n\n---\n\n".join(told) + "\n")


def test_a_secret_is_taken_from_file_and_environment_and_never_printed(file: Path) -> None:
    url = "postgresql://ann:sesame@db/office"
    file.write_text(f'store_url = "{url}"\n')
    for found in (read_settings(file, {}), read_settings(None, {"BONAFIDE_STORE_URL": url})):
        assert found.store_url is not None
        assert found.store_url.reveal() == url
        assert "sesame" not in f"{found} {found!r} {found.store_url!r}"


def test_one_setting_is_read_without_what_only_a_start_needs(file: Path) -> None:
    file.write_text('tls_key = "not-here.pem"\nstore_url = "postgresql://db/office"\n')
    assert read_setting("store_url", file, {}).reveal() == "postgresql://db/office"
    assert read_setting("store_url", None, {}) is None
    file.write_text("prot = 1\n")
    with pytest.raises(ConfigError, match="prot is no setting"):
        read_setting("store_url", file, {})


@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_takes_what_is_of_another_kind(name: str) -> None:
    others: list[object] = [True, -1, 10**12, "", [], {}, 0.5]
    for value in others:
        assert SETTINGS[name].accepted in refusal(None, {}, {name: value})


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.is_number])
def test_the_ends_of_a_range_are_taken_and_no_more(name: str) -> None:
    low, high = map(int, re.findall(r"\d+", SETTINGS[name].accepted))
    for value in (low, high):
        assert getattr(read_settings(None, {SETTINGS[name].variable: str(value)}), name) == value
    for value in (low - 1, high + 1):
        assert SETTINGS[name].accepted in refusal(None, {SETTINGS[name].variable: str(value)})


def test_variables_of_others_are_passed_over() -> None:
    others = {
        "BONAFIDE_CACHE": "x", "BONAFIDE_MASTER_KEY": "x",
        "BONAFIDE_SERVICE_HOST": "10.0.0.1", "BONAFIDE_SERVICE_PORT_HTTP": "8321",
        "BONAFIDE_PORT": "tcp://10.0.0.1:8321", "BONAFIDE_PORT_8321_TCP_ADDR": "10.0.0.1", "BONAFIDE_HOST": "",
        "BONAFIDES": "x",
    }  # fmt: skip
    assert read_settings(None, others) == Settings()


def test_tls_wants_files_that_are_there(file: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        Path(name).touch()
    found = read_settings(None, {}, {"tls_certificate": "cert.pem", "tls_key": "key.pem"})
    assert (found.tls_certificate, found.tls_key) == ("cert.pem", "key.pem")


def test_a_value_that_another_place_overrides_is_checked_too(file: Path) -> None:
    file.write_text("port = 99999\n")
    assert "99999 is not accepted" in refusal(file, {"BONAFIDE_PORT": "1"})


def test_numbers_end_with_their_unit() -> None:
    numbers = {name for name, setting in SETTINGS.items() if setting.is_number} - {"port", "console_port"}
    assert [name for name in sorted(numbers) if not name.endswith(UNITS)] == []


def test_the_page_shows_every_setting_and_no_other() -> None:
    told = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+) \| (.+) \| (.+) \|$", told, re.MULTILINE)
    wanted = [
        (s.name, "none" if s.default is None else str(s.default), s.accepted, s.meaning) for s in SETTINGS.values()
    ]
    assert rows == wanted


def test_the_example_of_the_page_is_what_is_said(file: Path) -> None:
    shown = DOCS.read_text(encoding="utf-8").split("```text\n")[1].split("\n```")[0]
    file.write_text("port = 99999\n")
    assert refusal(file, {"BONAFIDE_QUEUE_EVENT_MAX": "1"}) == shown
