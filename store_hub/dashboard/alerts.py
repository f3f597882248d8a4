"""Alerts: every place that needs a hand, and what became of those before."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import AlertRow
from store_hub.dashboard.alert_list import alerts_markup
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import facing_link, is_empty, place_words, shelves_sentence

PAST_MS = 7 * 24 * 3_600_000


class AlertsPage(Page):
    """Open alerts first, then the last seven days'."""

    path: ClassVar[str] = "/alerts"
    tables: ClassVar[frozenset[str]] = frozenset({"alerts", "stock", "planogram"})

    def layout(self) -> None:
        """Open above past."""
        self.part("title", "title")
        self.part("open", "card")
        self.part("past", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Take or finish an alert."""
        await self.act_on_alert(act, value)

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        alerts = reading.open_alerts()
        return {
            "title": Markup("<h1>{}</h1>").format(shelves_sentence(self.reader, alerts)),
            "open": self._open(alerts, now_ms),
            "past": self._past(reading.past_alerts(now_ms - PAST_MS), now_ms),
        }

    def _open(self, alerts: list[AlertRow], now_ms: int) -> Markup:
        reader = self.reader
        if alerts:
            return alerts_markup(reader, alerts, now_ms)
        return Markup('<div class="empty"><strong>{}</strong>{}</div>').format(
            reader.t("Nothing to do right now."),
            reader.t("A place appears here when its shelf falls to its low mark, and closes by itself when the shelf weighs enough again."),
        )

    def _past(self, alerts: list[AlertRow], now_ms: int) -> Markup:
        reader = self.reader
        title = Markup("<h2>{}</h2>").format(reader.t("Closed in the last seven days"))
        if not alerts:
            return title + Markup('<p class="empty">{}</p>').format(
                reader.t("None yet. Each closed alert stays here for a week, with its times.")
            )
        heads = (
            reader.t("Article"),
            reader.t("Place"),
            reader.t("What"),
            reader.t("Raised"),
            reader.t("Taken"),
            reader.t("Closed"),
            reader.t("Took"),
        )
        return title + table(heads, (self._past_row(alert, now_ms) for alert in alerts))

    def _past_row(self, alert: AlertRow, now_ms: int) -> tuple[object, ...]:
        reader = self.reader
        taken = "—" if alert.taken_at_ms is None else f"{reader.moment(alert.taken_at_ms, now_ms)} {alert.taken_by or ''}".strip()
        cleared_ms = alert.cleared_at_ms or now_ms
        return (
            link(facing_link(alert.shelf_id, alert.sku), alert.name),
            place_words(reader, alert.place),
            reader.t("was empty") if is_empty(alert) else reader.t("ran low"),
            reader.moment(alert.raised_at_ms, now_ms),
            taken,
            reader.moment(cleared_ms, now_ms),
            reader.span(cleared_ms - alert.raised_at_ms),
        )
