"""Log-in by the company's own provider: a real one as a process of its own, and one that lies and lets nobody in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from people_shop import GOOD, PeopleShop
from providers import StagedProvider, log_in_at, provider_process, settings

from access_control.provider import KEYS_AGAIN_S, Provider
from access_control.provider_config import ProviderConfig, provider_of
from store_hub.adapters.audit_log import verify_audit
from store_hub.errors import ConfigurationInvalid
from store_hub.routes.people_gate import COOKIE
from store_hub.rules.roles import ROLES

ANA = {"sub": "7", "preferred_username": "Ana", "groups": ["all", "shop-managers"]}
MAL = {"sub": "8", "preferred_username": "Mal", "groups": ["visitors"]}


@pytest.fixture
def staged() -> StagedProvider:
    return StagedProvider()


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[Callable[[Provider], PeopleShop]]:
    made = []

    def make(provider: Provider) -> PeopleShop:
        made.append(PeopleShop(tmp_path, provider=provider))
        return made[-1]

    yield make
    assert verify_audit(tmp_path / "audit.sqlite").broken_at is None
    for shop in made:
        shop.audit.close()


def browser_of(shop: PeopleShop) -> TestClient:
    return TestClient(shop.app, base_url="https://hub.test", headers={"accept": "text/html"}, follow_redirects=False)


def leave(browser: TestClient, target: str = "/devices") -> str:
    answer = browser.get("/login/provider", params={"next": target})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_real_provider_lets_its_people_in_with_the_roles_of_their_groups(make_shop: Callable[[Provider], PeopleShop]) -> None:
    with provider_process(ANA, MAL) as issuer:
        shop = make_shop(Provider(settings(issuer)))
        assert "Log in with the test account" in shop.browser().get("/login").text
        browser = browser_of(shop)
        back = log_in_at(leave(browser), "7")
        answer = browser.get(back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/devices"), answer.text
        cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(COOKIE)).lower()
        assert "httponly" in cookie
        assert browser.get("/").json() == {"name": "Ana"}
        assert [tuple(person) for person in shop.keeper.persons()] == [("Ana", "manager")]
        assert browser.get(back).status_code == 403, "an answer counts once"
        assert shop.browser().post("/login", data={"name": "Ana", "password": ""}).status_code == 403, "no password fits"
        visitor = browser_of(shop)
        refused = visitor.get(log_in_at(leave(visitor), "8"))
        assert refused.status_code == 403
        assert "no role here" in refused.text
        assert shop.refused("person.provider")[0] == "Mal: no role"


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.test"},
    "another program's": {"aud": "another"},
    "many programs', and not said whose": {"aud": ["aislewise", "another"]},
    "handed on by another": {"aud": ["aislewise", "another"], "azp": "another"},
    "expired": {"exp": int(time.time()) - 120},
    "without an end": {"exp": None},
    "from the future": {"iat": int(time.time()) + 3600},
    "another log-in's": {"nonce": "planted"},
    "of no log-in": {"nonce": None},
    "of nobody": {"sub": None},
    "with an odd name": {"preferred_username": "<script>alert(1)</script>"},
    "without a role": {"groups": ["all"]},
    "with a role of its own choice": {"groups": None, "role": "manager"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_hold_opens_nothing(make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider, lie: str) -> None:
    shop = make_shop(staged.provider())
    staged.claims, staged.info = LIES[lie], {"sub": "7"}
    browser = browser_of(shop)
    answer = browser.get(staged.let_in(leave(browser)))
    assert answer.status_code == 403, lie
    assert COOKIE not in browser.cookies
    assert "<script>alert" not in answer.text
    assert shop.keeper.persons() == []
    assert len(shop.refused("person.provider")) == 1


@pytest.mark.parametrize("way", ["none", "our own secret", "a key that it never published"])
def test_a_signature_that_is_not_the_providers_opens_nothing(
    make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider, way: str
) -> None:
    shop = make_shop(staged.provider())
    staged.header = {"alg": {"none": "none", "our own secret": "HS256"}.get(way, "RS256")}
    staged.signs_with = staged.our_secret_as_key() if way == "our own secret" else staged.other
    browser = browser_of(shop)
    assert browser.get(staged.let_in(leave(browser))).status_code == 403
    assert shop.keeper.persons() == []


def test_an_answer_counts_only_in_the_browser_that_asked(make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider) -> None:
    """Log-in CSRF: the attacker's own answer, sent to somebody else's browser, logs nobody in."""
    shop = make_shop(staged.provider())
    attacker, victim = browser_of(shop), browser_of(shop)
    back = staged.let_in(leave(attacker))
    assert victim.get(back).status_code == 403
    leave(victim)
    assert victim.get(back).status_code == 403, "the state is another's"
    other = staged.let_in(leave(attacker))
    code, own = other.split("code=")[1].split("&")[0], staged.let_in(leave(victim))
    mixed = own.replace(own.split("code=")[1].split("&")[0], code)
    assert victim.get(mixed).status_code == 403, "PKCE: the code is another's"
    for odd in ("/login/provider/back", "/login/provider/back?error=access_denied&state=x", f"{own}&iss=https://evil.test"):
        assert victim.get(odd).status_code == 403
    assert shop.keeper.persons() == []


def test_who_loses_the_group_loses_what_is_open_and_no_account_is_taken_over(
    make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider
) -> None:
    shop = make_shop(staged.provider())
    browser = browser_of(shop)
    assert browser.get(staged.let_in(leave(browser, "//evil.test"))).headers["location"] == "/", "and only to our own pages"
    first = browser.cookies[COOKIE]
    staged.claims = {"groups": ["shop-staff"]}
    again = browser_of(shop)
    again.get(staged.let_in(leave(again)))
    assert [tuple(person) for person in shop.keeper.persons()] == [("Ana", "staff")]
    assert shop.keeper.who(first) is None, "it was a manager's session"
    staged.claims = {"sub": "9"}
    stranger = browser_of(shop)
    assert stranger.get(staged.let_in(leave(stranger))).status_code == 403, "another subject under Ana's name"
    staged.claims = {"groups": []}
    gone = browser_of(shop)
    assert gone.get(staged.let_in(leave(gone))).status_code == 403
    assert shop.keeper.persons() == []
    assert again.get("/").status_code == 303
    shop.somebody("Ana", "manager")
    staged.claims = {}
    taken = browser_of(shop)
    assert taken.get(staged.let_in(leave(taken))).status_code == 403, "Ana has a password of her own here"
    assert shop.browser().post("/login", data={"name": "Ana", "password": GOOD}).status_code == 303


def test_a_provider_that_turns_its_keys_is_followed_and_not_asked_for_ever(
    make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider
) -> None:
    now = [0.0]
    shop = make_shop(staged.provider(clock=lambda: now[0]))
    browser = browser_of(shop)
    assert browser.get(staged.let_in(leave(browser))).status_code == 303
    staged.published, staged.signs_with = [staged.other], staged.other
    assert browser.get(staged.let_in(leave(browser))).status_code == 403, "the keys were fetched a moment ago"
    now[0] += KEYS_AGAIN_S
    assert browser.get(staged.let_in(leave(browser))).status_code == 303
    assert staged.asked.count("/jwks_uri") == 2


@pytest.mark.parametrize(
    "document",
    [{"issuer": "https://evil.test"}, {"token_endpoint": "http://evil.test/token"}, {"jwks_uri": 7}, {"jwks_uri": "file:///etc/passwd"}],
)
def test_a_discovery_document_that_leads_elsewhere_is_refused(
    make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider, document: dict[str, Any]
) -> None:
    shop = make_shop(staged.provider())
    staged.document = document
    answer = browser_of(shop).get("/login/provider")
    assert answer.status_code == 502
    assert urlsplit(answer.headers.get("location", "")).netloc == ""


def test_while_the_provider_is_down_passwords_still_open(make_shop: Callable[[Provider], PeopleShop], staged: StagedProvider) -> None:
    shop = make_shop(staged.provider())
    shop.somebody()
    staged.is_down = True
    answer = browser_of(shop).get("/login/provider")
    assert answer.status_code == 502
    assert "no answer from" in answer.text
    assert shop.browser().post("/login", data={"name": "Ana", "password": GOOD}).status_code == 303


def test_a_table_that_cannot_be_meant_is_told_with_its_field(tmp_path: Path) -> None:
    sound = {"issuer": "https://login.test", "client_id": "a", "page_url": "https://hub.test", "roles": {"g": "manager"}}
    assert (
        provider_of(ProviderConfig(**sound), known_roles=ROLES, path="hub.toml", invalid=ConfigurationInvalid).settings.client_secret
        is None
    )
    wrong = {
        "oidc.issuer": {"issuer": "http://login.test"},
        "oidc.page_url": {"page_url": "hub.test"},
        "oidc.roles": {"roles": {"g": "king"}},
        "oidc.scopes": {"scopes": ("profile",)},
        "oidc.client_secret_file": {"client_secret_file": str(tmp_path / "none")},
    }
    for field, change in wrong.items():
        with pytest.raises(ConfigurationInvalid, match=field):
            provider_of(ProviderConfig(**{**sound, **change}), known_roles=ROLES, path="hub.toml", invalid=ConfigurationInvalid)
