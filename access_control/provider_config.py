"""The table `[oidc]` of a program's settings: the company's own log-in, and which of its groups has which role here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from access_control.addresses import is_loopback
from toml_settings import Section, SettingsInvalid

if TYPE_CHECKING:
    from access_control.provider import Provider

Words = Annotated[str, Meta(min_length=1, max_length=200)]


class ProviderConfig(Section, frozen=True, kw_only=True):
    """A provider of OpenID Connect.

    `page_url`: where browsers find our pages; the provider must know `page_url`/login/provider/back as a redirect. `client_secret_file`:
    its first line is the secret; without it we are a public client, with PKCE alone. `roles`: value of `role_claim` = our role; the first
    that fits counts, and who has none is not let in.
    """

    issuer: Words
    client_id: Words
    page_url: Words
    roles: Annotated[dict[str, str], Meta(min_length=1)]
    client_secret_file: str | None = None
    label: Words = "the company account"
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: Words = "preferred_username"
    role_claim: Words = "groups"


def provider_of(config: ProviderConfig, *, known_roles: Sequence[str], path: str, invalid: type[SettingsInvalid]) -> Provider:
    """The provider of a table.

    Args:
        known_roles: what a person may be here.
        path, invalid: of the settings file, and the program's own error of it.

    Raises:
        invalid: an address is not HTTPS, a role is none, or the secret cannot be read.
    """

    def wrong(field: str, problem: str) -> SettingsInvalid:
        return invalid(path=path, field=f"oidc.{field}", problem=problem)

    for field, address in (("issuer", config.issuer), ("page_url", config.page_url)):
        if not is_safe(address):
            raise wrong(field, f"{address} must begin with https:// (http:// on this machine alone)")
    for group, role in config.roles.items():
        if role not in known_roles:
            raise wrong(f'roles."{group}"', f"{role!r} is no role; choose one of: {', '.join(known_roles)}")
    if "openid" not in config.scopes:
        raise wrong("scopes", "must hold openid")
    secret: str | None = None
    if config.client_secret_file is not None:
        try:
            secret = Path(config.client_secret_file).read_text(encoding="utf-8").split("\n", 1)[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise wrong("client_secret_file", f"{config.client_secret_file} cannot be read: {error}") from None
        if not secret:
            raise wrong("client_secret_file", f"{config.client_secret_file} has no secret on its first line")
    from access_control.provider import Provider, ProviderSettings  # Whoever only reads the file needs no HTTP and no JOSE.

    settings = ProviderSettings(
        issuer=config.issuer, client_id=config.client_id, client_secret=secret, page_url=config.page_url, scopes=config.scopes,
        name_claim=config.name_claim, role_claim=config.role_claim, roles=config.roles,
    )  # fmt: skip
    return Provider(settings)


def is_safe(address: str) -> bool:
    """Whether an address may be spoken to of secrets: HTTPS, or a program on this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
