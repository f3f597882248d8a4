"""What a thing is called, apart from any tag: the pure identity of GS1's EPC Tag Data Standard."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from store_hub.rules.epc_errors import EpcUriInvalid, FieldRefused
from store_hub.rules.epc_fields import escaped, unescaped
from store_hub.rules.epc_schemes import SCHEMES, Scheme

URN = "urn:epc:"


class EpcIdentity(Struct, frozen=True):
    """A thing's name: its scheme (`sgtin`) and the parts of the name as plain text, without URI escapes."""

    scheme: str
    parts: tuple[str, ...]

    @property
    def body(self) -> str:
        """The parts as they stand in URIs."""
        return ".".join(escaped(part) for part in self.parts)

    @property
    def uri(self) -> str:
        """The pure identity URI, such as urn:epc:id:sgtin:0614141.812345.6789."""
        return f"{URN}{SCHEMES[self.scheme].kind}:{self.scheme}:{self.body}"


def checked_identity(scheme: Scheme, parts: Sequence[str]) -> EpcIdentity:
    """Return an identity whose every part the standard allows; raise FieldRefused otherwise."""
    for place, (field, part) in enumerate(zip(scheme.fields, parts, strict=True)):
        field.check(part, parts[:place])
    return EpcIdentity(scheme.name, tuple(parts))


def identity_of_body(scheme: Scheme, body: str) -> EpcIdentity:
    """Read what stands behind the scheme's name in a URI; raise FieldRefused. Only a last part may itself hold dots."""
    parts = body.split(".", len(scheme.fields) - 1)
    if len(parts) != len(scheme.fields):
        names = ", ".join(field.name for field in scheme.fields)
        raise FieldRefused(f"{scheme.name} has {len(scheme.fields)} parts with dots between ({names}), not {len(parts)}")
    return checked_identity(scheme, [unescaped(part) for part in parts])


def read_identity_uri(text: str, scheme: str | None = None) -> EpcIdentity:
    """Read a pure identity URI, such as urn:epc:id:sscc:0614141.1234567890.

    Args:
        text: the URI.
        scheme: the only scheme that will do here, such as `sscc` for a carton; None takes any.

    Raises:
        EpcUriInvalid: with the reason.
    """
    try:
        identity = _identity_of_uri(text, None)
        if scheme is not None and identity.scheme != scheme:
            raise FieldRefused(f"it is of scheme {identity.scheme}, here only {scheme} will do")
        return identity
    except FieldRefused as refusal:
        raise EpcUriInvalid(text=text, reason=str(refusal)) from refusal


def read_identity_pattern(text: str) -> EpcIdentity:
    """Read an identity pattern (urn:epc:idpat:…) that leaves open the serial text at most; its last part is then `*`.

    Raises:
        EpcUriInvalid: with the reason; also where more is left open, for then the pattern names no GS1 key.
    """
    try:
        return _identity_of_uri(text, "idpat")
    except FieldRefused as refusal:
        raise EpcUriInvalid(text=text, reason=str(refusal)) from refusal


def _identity_of_uri(text: str, expected_kind: str | None) -> EpcIdentity:
    if not text.startswith(URN):
        raise FieldRefused(f"it must start with {URN}")
    kind, _, rest = text[len(URN) :].partition(":")
    name, _, body = rest.partition(":")
    scheme = SCHEMES.get(name)
    if scheme is None:
        raise FieldRefused(f"{name!r} is no scheme of the standard")
    if kind != (expected_kind or scheme.kind):
        raise FieldRefused(f"{name} is written {URN}{expected_kind or scheme.kind}:{name}:…, not {URN}{kind}:…")
    return identity_of_body(scheme, body)
