"""The list of open alerts, as Today and Alerts show it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import AlertRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import (
    alert_outlook,
    alert_state,
    back_room_words,
    facing_link,
    is_empty,
    mark,
    place_words,
    who_words,
)


def alerts_markup(reader: Reader, alerts: Sequence[AlertRow], now_ms: int) -> Markup:
    """Draw the list: what, where, how it stands, what the back room has, who is on it, and what to press."""
    return Markup('<ul class="alerts" aria-label="{}">{}</ul>').format(
        reader.t("Places that need a hand"), Markup().join(_item(reader, alert, now_ms) for alert in alerts)
    )


def _item(reader: Reader, alert: AlertRow, now_ms: int) -> Markup:
    colour = "red" if is_empty(alert) else "amber"
    return Markup(
        '<li data-key="alert-{id}">{mark}<div class="what"><a href="{link}">{name}</a><span class="small soft">{place}</span></div>'
        '<div class="how"><strong class="{colour}">{state}</strong><span class="small soft">{outlook}</span></div>'
        '<div class="room small">{room}</div><div class="who small soft">{who}</div><div class="acts">{acts}</div></li>'
    ).format(
        id=alert.alert_id,
        mark=mark("empty" if is_empty(alert) else "low"),
        link=facing_link(alert.shelf_id, alert.sku),
        name=alert.name,
        place=place_words(reader, alert.place),
        colour=colour,
        state=alert_state(reader, alert, now_ms),
        outlook=alert_outlook(reader, alert, now_ms),
        room=back_room_words(reader, alert),
        who=who_words(reader, alert, now_ms),
        acts=_acts(reader, alert),
    )


def _acts(reader: Reader, alert: AlertRow) -> Markup:
    if alert.done_at_ms is not None:
        return Markup('<span class="small soft">{}</span>').format(reader.t("closes when the shelf weighs enough"))
    take = _button("take", alert, reader.t("Take"), reader.t("Take {name}", name=alert.name), main=False)
    done = _button(
        "done", alert, reader.t("Refill done"), reader.t("Refill done: {name}", name=alert.name), main=alert.taken_at_ms is not None
    )
    return done if alert.taken_at_ms is not None else take + done


def _button(act: str, alert: AlertRow, words: str, label: str, *, main: bool) -> Markup:
    return Markup(
        '<button type="button" data-once data-key="{}-{}" data-act="{}" data-value="{}" aria-label="{}" class="{}">{}</button>'
    ).format(act, alert.alert_id, act, alert.alert_id, label, "main" if main else "", words)
