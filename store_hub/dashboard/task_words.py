"""How tasks of every kind are said: what is wrong, how it stands, what to do, and who is on it."""

from __future__ import annotations

from collections.abc import Sequence

from store_hub.adapters.ledger_views_rows import AlertRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import alert_outlook, alert_state, back_room_words, is_empty, place_words
from wire_format.plans import Planogram

STOCK_KINDS = ("empty_shelf", "low_shelf")
OFFICE_KINDS = ("device_silent", "sensor_fault", "discrepancy")
RED_KINDS = ("empty_shelf", "swept", "queue")


def is_for_office(task: AlertRow) -> bool:
    """Whether the office has to see to it: what nobody can mend by walking, and what staff could not find."""
    return task.kind in OFFICE_KINDS or task.missing_at_ms is not None


def level(task: AlertRow) -> str:
    """How urgent it is: red (now) or amber (soon)."""
    return "red" if task.kind in RED_KINDS else "amber"


def title(reader: Reader, task: AlertRow, plan: Planogram | None) -> str:
    """What it is about, in a name people use."""
    match task.kind:
        case "queue":
            return next((zone.name for zone in plan.zones if zone.zone_id == task.subject), task.subject) if plan else task.subject
        case "device_silent" | "sensor_fault":
            return reader.t("Device {name}", name=task.subject.split(" ", 1)[0])
        case _:
            return task.name or task.subject


def state(reader: Reader, task: AlertRow, now_ms: int) -> str:
    """How it stands."""
    match task.kind:
        case "empty_shelf" | "low_shelf":
            return alert_state(reader, task, now_ms)
        case "swept":
            return reader.t("{units} went at once, not paid for yet", units=task.detail)
        case "misplaced":
            return reader.t("stands where it does not belong")
        case "queue":
            return reader.t("{people} people wait", people=task.detail)
        case "count":
            return reader.t("{units} believed to be there", units=task.detail)
        case "device_silent":
            return reader.t("silent for {span}", span=reader.span(now_ms - task.raised_at_ms))
        case _:
            if task.kind == "discrepancy" and task.detail:
                return reader.t("{units} by the books, none to be found", units=task.detail)
            return reader.say(task.detail) or reader.t("for {span}", span=reader.span(now_ms - task.raised_at_ms))


def what_to_do(reader: Reader, task: AlertRow) -> str:
    """The next step."""
    match task.kind:
        case "empty_shelf" | "low_shelf":
            return back_room_words(reader, task)
        case "swept":
            return reader.t("Go and look.")
        case "misplaced":
            return reader.t("Put it back.")
        case "queue":
            return reader.t("Open another till.")
        case "count":
            return reader.t("Count them on the shelf: neither scale nor till can tell.")
        case "device_silent":
            return reader.t("Check its power and network cable.")
        case "discrepancy":
            return reader.t("Count it, then book the count.")
        case _:
            return ""


def outlook(reader: Reader, task: AlertRow, now_ms: int) -> str:
    """What it costs, or when it will."""
    if task.kind in STOCK_KINDS:
        return alert_outlook(reader, task, now_ms)
    return reader.t("for {span}", span=reader.span(now_ms - task.raised_at_ms))


def at_stake(reader: Reader, task: AlertRow) -> str:
    """Sales that are lost an hour while nobody does it; empty where nobody can say."""
    if task.lost_minor_h is None or task.lost_minor_h <= 0 or task.kind not in STOCK_KINDS:
        return ""
    money = reader.money(task.lost_minor_h)
    return reader.t("{money} an hour lost", money=money) if is_empty(task) else reader.t("{money} an hour at stake", money=money)


def who(reader: Reader, task: AlertRow, now_ms: int) -> str:
    """Who is on it."""
    if task.missing_at_ms is not None:
        return reader.t("nothing there, says {name} {time}", name=task.missing_by or "", time=reader.moment(task.missing_at_ms, now_ms))
    if task.done_at_ms is not None:
        return reader.t("done by {name} {time}", name=task.done_by or reader.t("staff"), time=reader.moment(task.done_at_ms, now_ms))
    if task.taken_at_ms is not None:
        return reader.t("taken by {name} {time}", name=task.taken_by or reader.t("staff"), time=reader.moment(task.taken_at_ms, now_ms))
    if task.assigned_to is not None:
        return reader.t("given to {name}", name=task.assigned_to)
    return reader.t("nobody yet, though it was called for twice") if task.escalated_at_ms is not None else reader.t("nobody yet")


def place(reader: Reader, task: AlertRow) -> str:
    """Where it is; empty for what is on no shelf."""
    return place_words(reader, task.place) if task.shelf_id is not None else ""


def tasks_sentence(reader: Reader, tasks: Sequence[AlertRow]) -> str:
    """Say in one line what there is to do on the floor."""
    floor = [task for task in tasks if not is_for_office(task) and task.done_at_ms is None]
    free = [task for task in floor if task.taken_at_ms is None]
    if not floor:
        return reader.t("Nothing to do on the floor right now")
    if not free:
        return reader.n("{count} task, and somebody is on it", "{count} tasks, and somebody is on each", len(floor))
    return reader.n("{count} task waits for somebody", "{count} tasks wait for somebody", len(free))
