"""Which field of Settings holds what cannot be, and what it may hold, in the words of the page."""

from __future__ import annotations

from page_language.limits import limit_of
from store_hub.dashboard.reader import Reader

SHARES = frozenset({"availability", "conversion", "accuracy"})
"""Figures that are kept as shares and written as per cent."""


def field_names(reader: Reader) -> dict[str, str]:
    """The fields by the names that stand above them."""
    return {
        "low_share": reader.t("Low from, % of what fits"),
        "low_minutes": reader.t("Low from, minutes until empty"),
        "low_units": reader.t("Low from, units"),
        "low_for_s": reader.t("Low for, seconds"),
        "queue_people": reader.t("Queue from, people"),
        "escalate_min": reader.t("Tell the office after, minutes"),
        "message_gap_min": reader.t("Pause between messages, minutes"),
        "counts_per_hour": reader.t("Counts asked for, an hour"),
        "quiet_from": reader.t("Quiet from"),
        "quiet_to": reader.t("Quiet until"),
        "weights_days": reader.t("Weights of the shelves"),
        "heat_days": reader.t("Heat of the floor"),
        "people_days": reader.t("Minutes of the doors, and queues"),
        "tags_days": reader.t("Tags that left"),
        "messages_days": reader.t("Messages to staff, and answers to other systems"),
    }


def figure_names(reader: Reader) -> dict[str, str]:
    """The key figures by the names that people use, with their unit."""
    return {
        "availability": reader.t("On-shelf availability, %"),
        "conversion": reader.t("Conversion, %"),
        "revenue": reader.t("Sales a day"),
        "visitors": reader.t("Visitors a day"),
        "shrink": reader.t("Units lost a day, at most"),
        "task_minutes": reader.t("Minutes until a shelf is filled, at most"),
        "accuracy": reader.t("Books that are right, %"),
    }


def limit_words(reader: Reader, problem: str, *, name: str = "") -> str:
    """Say what a checker's own words mean for who typed; `name` is the field's where the checker knows it by another.

    What is no limit of a number is said as the checker said it.
    """
    limit = limit_of(problem)
    if limit is None:
        return reader.t("This cannot be set: {problem}", problem=problem)
    called = name or field_names(reader).get(limit.field, limit.field)
    return reader.limit(limit, field=called, scale=100.0 if limit.field == "low_share" else 1.0)
