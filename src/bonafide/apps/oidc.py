"""The provider of identities as the settings have it."""

from __future__ import annotations

import os

from bonafide.apps.settings import Settings, read_setting, read_words
from bonafide.core.errors import UsageError
from bonafide.office.access.keys import now_ms
from bonafide.office.people.identities import Identity
from bonafide.office.people.oidc_provider import OidcSettings, Provider
from bonafide.office.store.datadir import DataDir


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name; None where people sign in here alone. UsageError without its library."""
    given = oidc_of(settings)
    return None if given is None else Provider(given, now_ms)


def oidc_of(settings: Settings) -> OidcSettings | None:
    """What the settings say of the provider; None where they say nothing."""
    issuer, client_id, redirect_url = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_redirect_url
    if issuer is None or client_id is None or redirect_url is None:
        return None
    counted = settings.oidc_second_factors
    return OidcSettings(
        issuer, client_id, settings.oidc_client_secret, redirect_url, settings.oidc_claim,
        frozenset() if counted is None else read_words(counted),
    )  # fmt: skip


def identity_of(data: DataDir, value: str) -> Identity:
    """Somebody as the provider has them that the settings of a data directory name; UsageError where they name none."""
    file = data.settings if data.settings.exists() else None
    issuer, claim = (read_setting(name, file, os.environ) for name in ("oidc_issuer", "oidc_claim"))
    if issuer is None:
        raise UsageError(f"--oidc: the settings name no provider; set oidc_issuer in {data.settings.name}")
    return Identity(issuer, claim, value)
