"""Why an EPC is refused: each error says which text, what is wrong with it, and keeps both as attributes."""

from __future__ import annotations

from store_hub.errors import HubError

SHOWN_CHARACTERS_MAX = 120


class FieldRefused(ValueError):
    """A part of an EPC breaks the standard. Those who know the whole EPC tell it as one of the errors below."""


class EpcInvalid(HubError, ValueError):
    """Base of all refusals of an EPC, whatever the form it came in."""

    exit_code = 3
    form = "EPC"

    def __init__(self, *, text: str, reason: str) -> None:
        shown = text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"
        super().__init__(f"{self.form} {shown!r}: {reason}")
        self.text = text
        self.reason = reason


class EpcBitsInvalid(EpcInvalid):
    """The bits of a tag carry a header of ours, but what follows is no EPC; or the text is no hex at all."""

    form = "EPC in hex"


class EpcUriInvalid(EpcInvalid):
    """A tag URI, a pure identity URI or an identity pattern that the standard does not allow."""

    form = "EPC URI"


class EpcDoesNotFit(EpcInvalid):
    """The identity is sound, but the chosen coding has no room for it, or is none of its codings."""

    form = "EPC"


class Gs1ElementsInvalid(EpcInvalid):
    """A GS1 element string or a GS1 Digital Link that names no single thing, or has a wrong check digit."""

    form = "GS1 elements"


class NoGs1Key(EpcInvalid):
    """The identity's scheme has no GS1 key, so it has neither element string nor Digital Link."""

    form = "EPC"
