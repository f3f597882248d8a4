"""Says how the day goes: what goes the wrong way, and each key figure with its light, forecast, trend, owner and day of review."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from store_hub.dashboard.outlook import Outlook, figure_words
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.settings_forms import FIGURES
from store_hub.dashboard.settings_limits import figure_names
from store_hub.dashboard.tables import table
from store_hub.dashboard.wording import light_marks
from store_hub.entries_settings import Target
from store_hub.rules.day_outlook import Drift, light


def warnings_markup(reader: Reader, found: Outlook, now_ms: int) -> Markup:
    """Say what goes the wrong way and what to do about it; nothing where all is well."""
    lines = [_drift_words(reader, drift) for drift in found.drifts]
    lines += [
        (
            reader.t("Till {name} has been silent since {time}", name=till.till, time=reader.moment(till.last_sold_at_ms, now_ms)),
            reader.t(
                "See whether it is in use; if so, its line to the hub is broken, and the stock of shelves without a scale goes wrong."
            ),
        )
        for till in found.silent_tills
    ]
    if not lines:
        return Markup()
    items = Markup().join(Markup("<li><strong>{}</strong><span>{}</span></li>").format(*line) for line in lines)
    return Markup('<h2>{}</h2><ul class="warnings">{}</ul>').format(
        reader.n("{count} thing goes the wrong way", "{count} things go the wrong way", len(lines)), items
    )


def _drift_words(reader: Reader, drift: Drift) -> tuple[str, str]:
    share = reader.share(abs(drift.size), decimals=0)
    match drift.kind:
        case "sales_under":
            return (
                reader.t("Sales are {share} under what this weekday usually has by now", share=share),
                reader.t("Look for empty shelves and a silent till; then at visitors: fewer people is another cause than fewer buyers."),
            )
        case "conversion_down":
            return (
                reader.t("More people come, but {share} fewer of them buy than in the weeks before", share=share),
                reader.t("Look at the queue, at what is out of stock, and on Floor at where people stop and take nothing."),
            )
        case "shrink_up":
            return (
                reader.t("Losses are {share} over the weeks before", share=share),
                reader.t("See on Accuracy which articles; count them, and move them into sight of the till."),
            )
        case _:
            return (
                reader.t("The count at door {name} has become less exact", name=drift.subject),
                reader.t("Clean the lens, see whether the camera was turned, and audit it again."),
            )


def figures_table(reader: Reader, found: Outlook, targets: Sequence[Target], now_ms: int, *, every: bool) -> Markup:
    """Draw key figures: light (with its word), value, where today closes, target, trend, owner, and when to look again.

    Args:
        every: those without a target too; else nothing is drawn without one.
    """
    wanted = {target.figure: target for target in targets}
    today = reader.local(now_ms).date().isoformat()
    shown = [figure for figure in FIGURES if every or figure in wanted]
    if not shown:
        return Markup()
    names = figure_names(reader)
    rows = [(names[figure], *_row(reader, found, figure, wanted.get(figure), today)) for figure in shown]  # type: ignore[call-overload]  # FIGURES are its very words.
    heads = (
        reader.t("Figure"), reader.t("State"), reader.t("Today so far"), reader.t("Closes at about"), reader.t("Target"),
        reader.t("Last week against before"), reader.t("Whose"), reader.t("Look again on"),
    )  # fmt: skip
    notes = Markup('<p class="small soft">{}</p>').format(
        reader.t(
            "The close follows the same weekday of four weeks and today's pace; availability if nobody fills anything. Refills: mean of"
            " seven days. A light looks at the close where there is one."
        )
    )
    title = reader.t("Key figures") if every else reader.t("Targets")
    more = Markup('<a class="button" href="{}">{}</a>').format(
        *(("/settings", reader.t("Set targets")) if every else ("/sales", reader.t("All key figures")))
    )
    return Markup('<div class="panel-head"><h2>{}</h2>{}</div>{}{}').format(title, more, table(heads, rows, figures=(2, 3, 4, 5)), notes)


def _row(reader: Reader, found: Outlook, figure: str, target: Target | None, today: str) -> tuple[object, ...]:
    closes, now = found.forecasts.get(figure), found.figures[figure]
    change = reader.share(found.trends[figure], decimals=0, signed=True)
    ends = _closes_words(reader, found, figure)
    if target is None:
        return (
            Markup('<span class="soft">{}</span>').format(reader.t("no target")),
            figure_words(reader, figure, now),
            ends,
            "—",
            change,
            "—",
            "—",
        )
    words = {"green": reader.t("on target"), "amber": reader.t("nearly"), "red": reader.t("off target"), "grey": reader.t("not known yet")}
    state = light(target, now if closes is None else closes)
    colour = {"red": "red", "amber": "amber"}.get(state, "soft")
    due: object = target.review_on or "—"
    if target.review_on and target.review_on <= today:
        due = Markup('<strong class="amber">{}</strong>').format(reader.t("due since {day}", day=target.review_on))
    return (
        Markup('{}<span class="{}">{}</span>').format(light_marks()[state], colour, words[state]), figure_words(reader, figure, now), ends,
        figure_words(reader, figure, target.value), change, target.owner or "—", due,
    )  # fmt: skip


def _closes_words(reader: Reader, found: Outlook, figure: str) -> str | Markup:
    """The close with its band, where there is one."""
    text = figure_words(reader, figure, found.forecasts.get(figure))
    band = {"revenue": found.revenue, "visitors": found.visitors, "shrink": found.lost}.get(figure)
    if band is None or band.low is None or band.high is None:
        return text
    low, high = figure_words(reader, figure, band.low), figure_words(reader, figure, band.high)
    return Markup('{}<br><span class="soft">{}</span>').format(text, reader.t("{low} to {high}", low=low, high=high))
