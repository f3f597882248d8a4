"""Tasks, as the manager sees them: what waits on the floor in walking order, what is for the office, and how long tasks took."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import ClassVar

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import AlertRow
from store_hub.dashboard import task_words
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import facing_link, is_empty, mark, typed_units
from store_hub.rules.count_asks import COUNT
from store_hub.rules.task_acts import OVER, PERSON, PLAN, SCALE, task_times
from store_hub.rules.walk import walk_ranks
from wire_format.plans import Planogram

PAST_MS = 7 * 24 * 3_600_000
NAMES_MAX = 30


class TasksPage(Page):
    """Open tasks first, then the last seven days'."""

    path: ClassVar[str] = "/tasks"
    tables: ClassVar[frozenset[str]] = frozenset({"alerts", "stock", "planogram"})

    def layout(self) -> None:
        """Floor above office above past."""
        self.part("title", "title")
        self.part("floor", "card")
        self.part("office", "card")
        self.part("times")
        self.part("past", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Take, give, finish."""
        alert_id, _, typed = value.partition(" ")
        if act == "assign":
            await self.act_on_alert("assign", alert_id, to=" ".join(typed.split())[:40] or None)
        elif act == "counted":
            units = typed_units(typed)
            if units is None:
                self.say(self.reader.t("{typed} is no number of units; write how many stand on the shelf", typed=typed.strip() or "—"))
                return
            await self.act_on_alert(act, alert_id, units=units)
        else:
            await self.act_on_alert(act, alert_id)

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        plan, tasks = reading.planogram, reading.open_tasks()
        ranks = {} if plan is None else walk_ranks(plan)
        tasks.sort(key=lambda task: (task.done_at_ms is not None, ranks.get(task.shelf_id or "", len(ranks)), task.alert_id))
        office = [task for task in tasks if task_words.is_for_office(task)]
        floor = [task for task in tasks if not task_words.is_for_office(task)]
        past = reading.past_alerts(now_ms - PAST_MS)
        names = sorted({name for row in (*past, *tasks) for name in (row.taken_by, row.done_by, row.assigned_to) if name})[:NAMES_MAX]
        return {
            "title": self._title(tasks),
            "floor": self._floor(floor, plan, names, now_ms),
            "office": self._office(office, plan, now_ms),
            "times": self._times(past),
            "past": self._past(past, plan, now_ms),
        }

    def _title(self, tasks: Sequence[AlertRow]) -> Markup:
        reader = self.reader
        links = Markup(
            '<div class="bar"><a class="button" href="/staff">{}</a><a class="button" href="/labels" target="_blank">{}</a></div>'
        )
        return Markup("<h1>{}</h1>{}").format(
            task_words.tasks_sentence(reader, tasks), links.format(reader.t("Page for phones"), reader.t("QR codes for shelves"))
        )

    # ---- what is open

    def _floor(self, tasks: Sequence[AlertRow], plan: Planogram | None, names: Sequence[str], now_ms: int) -> Markup:
        reader = self.reader
        title = Markup("<h2>{}</h2>").format(reader.t("On the floor, in walking order"))
        if not tasks:
            return title + Markup('<p class="empty">{}</p>').format(
                reader.t("A task appears here when a shelf runs low, and closes by itself when the shelf weighs enough again.")
            )
        known = Markup('<datalist id="names">{}</datalist>').format(
            Markup().join(Markup('<option value="{}">').format(name) for name in names)
        )
        items = Markup().join(self._item(task, plan, now_ms) for task in tasks)
        return title + known + Markup('<ul class="alerts tasks" aria-label="{}">{}</ul>').format(reader.t("Tasks on the floor"), items)

    def _item(self, task: AlertRow, plan: Planogram | None, now_ms: int) -> Markup:
        reader = self.reader
        colour = task_words.level(task)
        name = task_words.title(reader, task, plan)
        return Markup(
            '<li data-key="task-{id}">{mark}<div class="what">{name}<span class="small soft">{place}</span></div>'
            '<div class="how"><strong class="{colour}">{state}</strong><span class="small soft">{outlook}</span></div>'
            '<div class="room small">{room}</div><div class="who small soft">{who}{give}</div><div class="acts">{acts}</div></li>'
        ).format(
            id=task.alert_id, mark=mark("empty" if colour == "red" else "low"), colour=colour, place=task_words.place(reader, task),
            name=link(facing_link(task.shelf_id, task.sku), name) if task.shelf_id and task.sku else name,
            state=task_words.state(reader, task, now_ms), outlook=task_words.outlook(reader, task, now_ms),
            room=Markup("<br>").join(part for part in (task_words.what_to_do(reader, task), task_words.at_stake(reader, task)) if part),
            who=task_words.who(reader, task, now_ms), give=self._give(task, name), acts=self._acts(task, name),
        )  # fmt: skip

    def _acts(self, task: AlertRow, name: str) -> Markup:
        reader = self.reader
        if task.done_at_ms is not None:
            return Markup('<span class="small soft">{}</span>').format(reader.t("closes when the shelf weighs enough"))
        if task.kind == COUNT:
            field = Markup('<input id="counted-{id}" inputmode="numeric" maxlength="7" aria-label="{label}" placeholder="{hint}">').format(
                id=task.alert_id, label=reader.t("Units of {name} on the shelf", name=name), hint=reader.t("units")
            )
            book = self._button("counted", task, reader.t("Book the count"), name, main=True, of=f"counted-{task.alert_id}")
            return Markup('<span class="give">{}{}</span>').format(field, book)
        stock = task.kind in task_words.STOCK_KINDS
        done = self._button("done", task, reader.t("Refill done") if stock else reader.t("Done"), name, main=task.taken_at_ms is not None)
        if task.taken_at_ms is not None:
            return done + self._button("release", task, reader.t("Give back"), name)
        return self._button("take", task, reader.t("Take"), name) + done

    def _give(self, task: AlertRow, name: str) -> Markup:
        if task.done_at_ms is not None or task.taken_at_ms is not None:
            return Markup()
        reader = self.reader
        give = Markup(
            '<input id="give-{id}" list="names" maxlength="40" aria-label="{label}" placeholder="{hint}" value="{value}">'
        ).format(id=task.alert_id, label=reader.t("Whom to give {name} to", name=name), hint=reader.t("name"), value=task.assigned_to or "")
        given = self._button("assign", task, reader.t("Give to"), name, of=f"give-{task.alert_id}")
        return Markup('<span class="give">{}{}</span>').format(give, given)

    @staticmethod
    def _button(act: str, task: AlertRow, words: str, name: str, *, main: bool = False, of: str = "") -> Markup:
        return Markup(
            '<button type="button" {once}data-key="{act}-{id}" data-act="{act}" data-value="{id}"{of} aria-label="{words}: {name}"'
            ' class="{main}">{words}</button>'
        ).format(
            once="" if of else Markup("data-once "), act=act, id=task.alert_id, words=words, name=name, main="main" if main else "",
            of=Markup(' data-value-of="{}"').format(of) if of else "",
        )  # fmt: skip

    def _office(self, tasks: Sequence[AlertRow], plan: Planogram | None, now_ms: int) -> Markup:
        if not tasks:
            return Markup()
        reader = self.reader
        rows = (
            (
                task_words.title(reader, task, plan),
                task_words.place(reader, task),
                task_words.state(reader, task, now_ms),
                task_words.who(reader, task, now_ms) if task.missing_at_ms is not None else task_words.what_to_do(reader, task),
                self._button("done", task, reader.t("Done"), task_words.title(reader, task, plan))
                if task.missing_at_ms is None
                else self._button("release", task, reader.t("Call again"), task.name),
            )
            for task in tasks
        )
        heads = (reader.t("What"), reader.t("Place"), reader.t("How it stands"), reader.t("Next step"), "")
        return Markup("<h2>{}</h2>{}").format(reader.t("For the office"), table(heads, rows))

    # ---- what is over

    def _times(self, past: Sequence[AlertRow]) -> Markup:
        reader = self.reader
        stock = [row for row in past if row.kind in task_words.STOCK_KINDS]
        times = [task_times(row.raised_at_ms, row.taken_at_ms, row.done_at_ms, row.cleared_at_ms, row.cleared_by) for row in stock]
        if not times:
            return Markup()
        cards = []
        for words, found in (
            (reader.t("Until taken"), [one.to_take_ms for one in times]),
            (reader.t("Until said to be done"), [one.to_do_ms for one in times]),
            (reader.t("Until the scale confirms"), [one.to_confirm_ms for one in times]),
        ):
            known = sorted(one for one in found if one is not None)
            value = reader.span(int(median(known))) if known else "—"
            note = reader.n("of {count} task", "half of {count} tasks were quicker", len(known)) if known else reader.t("none yet")
            cards.append((words, value, note))
        escalated = sum(row.escalated_at_ms is not None for row in stock)
        cards.append(
            (reader.t("Called for twice"), reader.number(escalated), reader.t("of {count} in seven days", count=reader.number(len(stock))))
        )
        items = Markup().join(
            Markup(
                '<li><div><span class="small soft">{}</span><span class="value">{}</span><span class="small soft">{}</span></div></li>'
            ).format(*card)
            for card in cards
        )
        return Markup('<ul class="figures" aria-label="{}">{}</ul>').format(reader.t("How long tasks took in the last seven days"), items)

    def _past(self, alerts: Sequence[AlertRow], plan: Planogram | None, now_ms: int) -> Markup:
        reader = self.reader
        title = Markup("<h2>{}</h2>").format(reader.t("Closed in the last seven days"))
        if not alerts:
            return title + Markup('<p class="empty">{}</p>').format(
                reader.t("None yet. Each closed task stays here for a week, with its times.")
            )
        heads = (
            reader.t("What"), reader.t("Place"), reader.t("Reason"), reader.t("Raised"), reader.t("Taken"), reader.t("Closed"),
            reader.t("Took"), reader.t("Closed by"),
        )  # fmt: skip
        return title + table(heads, (self._past_row(alert, plan, now_ms) for alert in alerts))

    def _past_row(self, alert: AlertRow, plan: Planogram | None, now_ms: int) -> tuple[object, ...]:
        reader = self.reader
        taken = "—" if alert.taken_at_ms is None else f"{reader.moment(alert.taken_at_ms, now_ms)} {alert.taken_by or ''}".strip()
        cleared_ms = alert.cleared_at_ms or now_ms
        name = task_words.title(reader, alert, plan)
        return (
            link(facing_link(alert.shelf_id, alert.sku), name) if alert.shelf_id and alert.sku else name,
            task_words.place(reader, alert),
            self._reason(alert),
            reader.moment(alert.raised_at_ms, now_ms),
            taken,
            reader.moment(cleared_ms, now_ms),
            reader.span(cleared_ms - alert.raised_at_ms),
            self._closed_by(alert),
        )

    def _reason(self, alert: AlertRow) -> str:
        reader = self.reader
        reasons = {
            "low_shelf": reader.t("ran low"),
            "swept": reader.t("was swept"),
            "misplaced": reader.t("was misplaced"),
            "queue": reader.t("people waited"),
            "device_silent": reader.t("was silent"),
            "sensor_fault": reader.t("was not well"),
            "discrepancy": reader.t("books and shelves differed"),
            "count": reader.t("was in doubt"),
        }
        return reader.t("was empty") if is_empty(alert) else reasons.get(alert.kind, alert.kind)

    def _closed_by(self, alert: AlertRow) -> str:
        reader = self.reader
        return {
            SCALE: reader.t("the scale"),
            PERSON: alert.done_by or reader.t("staff"),
            PLAN: reader.t("a new planogram"),
            OVER: reader.t("it was over"),
        }.get(alert.cleared_by, "—")
