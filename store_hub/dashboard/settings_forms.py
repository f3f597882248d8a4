"""What is typed on the page Settings, as settings; or the sentence that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from page_language.limits import Limit
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.settings_limits import SHARES, field_names, figure_names, limit_words
from store_hub.entries_settings import AlertRules, PlaceRule, Retention, ShopSettings, Target

T = TypeVar("T")
FIGURES = ("availability", "conversion", "revenue", "visitors", "shrink", "task_minutes", "accuracy")


class FormWrong(ValueError):
    """Something typed cannot be; the text says what, for the reader."""


def fields_of(typed: str) -> dict[str, str]:
    """Return the fields of a form by name, without the spaces around them."""
    return {name: value.strip() for name, value in parse_qsl(typed, keep_blank_values=True)}


def alert_rules(reader: Reader, fields: Mapping[str, str], before: AlertRules) -> AlertRules:
    """Return the shop's own rules as typed; the places' rules stay.

    Raises:
        FormWrong
    """
    share = _number(reader, fields, "low_share")
    said = {
        "low_share": None if share is None else share / 100,
        "low_minutes": _number(reader, fields, "low_minutes"),
        "low_for_s": _number(reader, fields, "low_for_s"),
        "queue_people": _number(reader, fields, "queue_people"),
        "escalate_min": _number(reader, fields, "escalate_min"),
        "message_gap_min": _number(reader, fields, "message_gap_min"),
        "counts_per_hour": _whole(reader, fields, "counts_per_hour"),
        "quiet_from": fields.get("quiet_from") or None,
        "quiet_to": fields.get("quiet_to") or None,
    }
    if (said["quiet_from"] is None) != (said["quiet_to"] is None):
        raise FormWrong(reader.t("Quiet hours need both a beginning and an end."))
    optional = ("low_share", "low_minutes", "quiet_from", "quiet_to")
    kept = {name: value for name, value in said.items() if value is not None or name in optional}
    return _checked(reader, {**msgspec.to_builtins(before), **kept}, AlertRules)


def place_rule(reader: Reader, fields: Mapping[str, str], skus: Mapping[str, str], shelves: Sequence[str]) -> PlaceRule:
    """Return a rule for a place as typed. `skus`: SKU by what may be typed for it (itself, its name).

    Raises:
        FormWrong
    """
    article, shelf_id = fields.get("sku", ""), fields.get("shelf_id", "")
    if article and article not in skus:
        raise FormWrong(reader.t("{name} is no article of the planogram.", name=article))
    if shelf_id and shelf_id not in shelves:
        raise FormWrong(reader.t("{name} is no shelf of the planogram.", name=shelf_id))
    units, share = _whole(reader, fields, "low_units"), _number(reader, fields, "low_share")
    minutes = _number(reader, fields, "low_minutes")
    if not article and not shelf_id:
        raise FormWrong(reader.t("Name an article, a shelf, or both."))
    if units is None and share is None and minutes is None:
        raise FormWrong(reader.t("Say from when to call: units, share of what fits, or minutes until empty."))
    said = {
        "sku": skus.get(article), "shelf_id": shelf_id or None, "low_units": units,
        "low_share": None if share is None else share / 100, "low_minutes": minutes,
    }  # fmt: skip
    return _checked(reader, said, PlaceRule)


def targets(reader: Reader, fields: Mapping[str, str]) -> list[Target]:
    """Return the targets as typed; a figure without a value has none.

    Raises:
        FormWrong
    """
    found = []
    for figure in FIGURES:
        value = _number(reader, fields, figure)
        if value is not None:
            said = {
                "figure": figure, "value": value * scale_of(reader, figure), "owner": fields.get(f"{figure}_owner", "")[:80],
                "review_on": fields.get(f"{figure}_review", ""),
            }  # fmt: skip
            name = figure_names(reader)[figure]
            if figure in SHARES and value > 100:
                raise FormWrong(reader.limit(Limit(figure, "<=", 100.0), field=name))
            found.append(_checked(reader, said, Target, name=name))
    return found


def scale_of(reader: Reader, figure: str) -> float:
    """By what a figure as people write it is multiplied to be kept: shares are kept as such, money in its minor unit."""
    if figure in SHARES:
        return 0.01
    return float(10**reader.currency_decimals) if figure == "revenue" else 1.0


def retention(reader: Reader, fields: Mapping[str, str]) -> Retention:
    """Return how long things are kept, as typed; an empty field keeps them for ever.

    Raises:
        FormWrong
    """
    names = Retention.__struct_fields__
    return _checked(reader, {name: _whole(reader, fields, name) for name in names}, Retention)


def without_place(settings: ShopSettings, index: int) -> ShopSettings:
    """Return the settings without one of the places' rules."""
    places = [rule for number, rule in enumerate(settings.alerts.places) if number != index]
    return msgspec.structs.replace(settings, alerts=msgspec.structs.replace(settings.alerts, places=places))


def _number(reader: Reader, fields: Mapping[str, str], name: str) -> float | None:
    text = fields.get(name, "").replace(",", ".").removesuffix("%").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise FormWrong(reader.t("{typed} is no number.", typed=text)) from None
    if not -1e15 < value < 1e15:
        raise FormWrong(reader.t("{typed} is no number.", typed=text))
    return value


def _whole(reader: Reader, fields: Mapping[str, str], name: str) -> int | None:
    value = _number(reader, fields, name)
    if value is not None and value != int(value):
        raise FormWrong(reader.t("{field}: give a whole number.", field=field_names(reader)[name]))
    return None if value is None else int(value)


def _checked(reader: Reader, said: object, kind: type[T], *, name: str = "") -> T:
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise FormWrong(limit_words(reader, str(error), name=name)) from None
