"""The cloud's gate before its pages: which addresses look after themselves, which need no session, and what its roles may open."""

from __future__ import annotations

from starlette.requests import Request

from access_control.gate import GateRules
from cloud_api.rules.roles import home_of, may_post, may_see

COOKIE = "aislewise_chain"
RULES = GateRules(
    doors=("/v1/", "/health/", "/metrics", "/openapi.json"),
    open_pages=("/login", "/welcome/", "/favicon.ico"),
    may_see=may_see,
    may_post=may_post,
    cookie=COOKIE,
    chief="administrator",
    home_of=home_of,
)


def came_securely(request: Request) -> bool:
    """Whether the browser spoke HTTPS, to us or to the proxy before us."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
