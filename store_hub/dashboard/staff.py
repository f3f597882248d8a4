"""What the staff's page on a phone is told, as JSON: the tasks in walking order with all their words, and the articles of a shelf.

The page itself (`assets/staff.js`) only draws and sends presses, so that it goes on without a network and needs no words of its own.
"""

from __future__ import annotations

from typing import Any

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import AlertRow
from store_hub.dashboard import task_words
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import facing_link, place_of, place_words
from store_hub.rules.count_asks import COUNT
from store_hub.rules.walk import walk_ranks
from wire_format.plans import Planogram

TABLES = frozenset({"alerts", "stock", "planogram", "settings"})


def told(reader: Reader, reading: LedgerReading, now_ms: int, shelf_id: str = "") -> dict[str, Any]:
    """Return everything the page shows, of one moment; of one shelf where one is named."""
    plan = reading.planogram
    ranks = {} if plan is None else walk_ranks(plan)
    tasks = [task for task in reading.open_tasks() if task.kind not in task_words.OFFICE_KINDS]
    if shelf_id:
        tasks = [task for task in tasks if task.shelf_id == shelf_id]
    tasks.sort(key=lambda task: (_rank(task), ranks.get(task.shelf_id or "", len(ranks)), task.alert_id))
    return {
        "now_ms": now_ms,
        "clock": reader.clock(now_ms),
        "sentence": task_words.tasks_sentence(reader, tasks),
        "tasks": [_card(reader, task, plan, now_ms) for task in tasks],
        "shelf": None if not shelf_id else _shelf(reader, reading, shelf_id),
    }


def _rank(task: AlertRow) -> int:
    """What waits for somebody first, then what is said to be done, then what could not be found."""
    return 2 if task.missing_at_ms is not None else 1 if task.done_at_ms is not None else 0


def _card(reader: Reader, task: AlertRow, plan: Planogram | None, now_ms: int) -> dict[str, Any]:
    return {
        "id": task.alert_id,
        "level": task_words.level(task),
        "kind": task.kind,
        "shelf": task.shelf_id or "",
        "title": task_words.title(reader, task, plan),
        "place": task_words.place(reader, task),
        "state": task_words.state(reader, task, now_ms),
        "outlook": task_words.outlook(reader, task, now_ms),
        "stake": task_words.at_stake(reader, task),
        "do": task_words.what_to_do(reader, task),
        "who": task_words.who(reader, task, now_ms),
        "taken_by": task.taken_by,
        "assigned_to": task.assigned_to,
        "done": task.done_at_ms is not None,
        "missing": task.missing_at_ms is not None,
        "confirmed_by_scale": task.kind in task_words.STOCK_KINDS,
        "count": task.kind == COUNT,
        "link": facing_link(task.shelf_id, task.sku) if task.shelf_id and task.sku else "",
    }


def _shelf(reader: Reader, reading: LedgerReading, shelf_id: str) -> dict[str, Any]:
    plan = reading.planogram
    place = place_of(plan, shelf_id)
    names = reading.article_names()
    stock = reading.stock()
    shelves = [shelf for bay in plan.bays for shelf in bay.shelves if shelf.shelf_id == shelf_id] if plan else []
    articles = []
    for sku in dict.fromkeys(facing.sku for shelf in shelves for facing in shelf.facings):
        row, room = stock.get((sku, shelf_id)), stock.get((sku, "back_room"))
        articles.append(
            {
                "name": names.get(sku, sku),
                "units": reader.units(None) if row is None else reader.units(row.units, row.low, row.high),
                "capacity": reader.number(sum(facing.capacity_units for shelf in shelves for facing in shelf.facings if facing.sku == sku)),
                "room": reader.number(None if room is None else room.units),
                "link": facing_link(shelf_id, sku),
            }
        )
    return {"id": shelf_id, "place": shelf_id if place is None else place_words(reader, place), "articles": articles}


def words(reader: Reader) -> dict[str, str]:
    """The words that the page needs before and without the hub."""
    return {
        "take": reader.t("Take"),
        "done": reader.t("Refill done"),
        "done_other": reader.t("Done"),
        "not_there": reader.t("Not there"),
        "counted": reader.t("Book the count"),
        "units": reader.t("Units on the shelf"),
        "no_units": reader.t("Type how many stand on the shelf; 0 where none is left."),
        "release": reader.t("Give back"),
        "again": reader.t("Take it up again"),
        "waiting": reader.t("not sent yet"),
        "waiting_all": reader.t("Not sent yet: {count}. They are sent as soon as the network is back."),
        "offline_new": reader.t("No connection to the hub. Tasks appear here as soon as there is one."),
        "all_known": reader.t("Nothing is known here of a task at this shelf"),
        "offline": reader.t("No connection to the hub. What you see is of {time}."),
        "closed": reader.t("That task was closed meanwhile."),
        "refused": reader.t("The hub did not take it: {problem}"),
        "confirm": reader.t("The scale confirms it by itself."),
        "nothing": reader.t("Nothing to do right now."),
        "nothing_more": reader.t("A task appears here by itself, and you get a message."),
        "loading": reader.t("Asking the hub …"),
        "name": reader.t("Your name"),
        "name_why": reader.t("So that others see who is on it."),
        "save": reader.t("Keep"),
        "all": reader.t("All tasks"),
        "of": reader.t("{units} of {capacity}"),
        "room": reader.t("back room: {units}"),
        "evidence": reader.t("Look closer"),
        "given_you": reader.t("for you"),
        "must_log_in": reader.t("Please log in again."),
    }
