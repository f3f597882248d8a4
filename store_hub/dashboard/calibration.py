"""Calibrating a scale from the page: the steps as the ledger has them, so that a reload, a second screen or a lost line change nothing."""

from __future__ import annotations

from urllib.parse import quote

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import mark, place_of, place_words
from store_hub.rows import CalibrationRow
from store_hub.rules.calibrations import ACCEPT, APPLIED, is_under_way, pending_step, progress_of, steps_of
from wire_format.observations import CalibrationProgress, CalibrationResult, WeighedLoad

SILENT_AFTER_MS = 15_000
WEIGHT_INPUT = "known-weight"


def calibration_link(shelf_id: str) -> str:
    """Return the page on which a scale is calibrated."""
    return f"/devices?calibrate={quote(shelf_id, safe='')}"


def scales(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """List every scale, when it was calibrated last, and the way to do it now; nothing where no device has one."""
    known = {row.shelf_id: row for row in reading.calibrations()}
    rows = [
        (shelf_id, device.device_id)
        for device in reading.devices()
        for shelf_id in (part.removeprefix("shelf ") for part in device.parts if part.startswith("shelf "))
    ]
    if not rows:
        return Markup()
    heads = (reader.t("Scale"), reader.t("Calibrated from here"), "")
    lines = (
        (
            _scale_name(reader, reading, shelf_id, device_id),
            _last_words(reader, known.get(shelf_id), now_ms),
            Markup('<a class="button" href="{}">{}</a>').format(
                calibration_link(shelf_id), reader.t("Look") if _is_open(known.get(shelf_id), now_ms) else reader.t("Calibrate")
            ),
        )
        for shelf_id, device_id in sorted(rows)
    )
    return Markup("<h2>{}</h2>").format(reader.t("Every scale")) + table(heads, lines)


def wrong_weights(reader: Reader, reading: LedgerReading) -> Markup:
    """List the articles that do not weigh what the planogram says; nothing where all do."""
    rows = reading.wrong_weights()
    if not rows:
        return Markup()
    heads = (reader.t("Article"), reader.t("Scale"), reader.t("By the plan"), reader.t("By the scale"))
    lines = (
        (r.name, _place(reader, reading, r.shelf_id), "—" if r.planned_g is None else f"{r.planned_g:.1f} g", f"{r.found_g:.1f} g")
        for r in rows
    )
    advice = Markup('<p class="small soft">{}</p>').format(reader.t("Weigh one unit and correct the plan."))
    return (
        Markup("<h2>{}</h2>").format(reader.t("One unit weighs something else than the plan says"))
        + table(heads, lines, figures=(2, 3))
        + advice
    )


def _place(reader: Reader, reading: LedgerReading, shelf_id: str) -> str:
    place = place_of(reading.planogram, shelf_id)
    return shelf_id if place is None else place_words(reader, place)


def _is_open(row: CalibrationRow | None, now_ms: int) -> bool:
    return row is not None and is_under_way(row, now_ms)


def _scale_name(reader: Reader, reading: LedgerReading, shelf_id: str, device_id: str) -> Markup:
    words = _place(reader, reading, shelf_id)
    below = device_id if words == shelf_id else f"{shelf_id} · {device_id}"
    return Markup('<strong>{}</strong><br><span class="soft">{}</span>').format(words, below)


def _last_words(reader: Reader, row: CalibrationRow | None, now_ms: int) -> str:
    if row is None:
        return reader.t("not yet")
    if is_under_way(row, now_ms):
        return reader.t("Being calibrated by {name} since {time}", name=row.started_by, time=reader.moment(row.started_at_ms, now_ms))
    if row.stage == APPLIED:
        return reader.t("{time} by {name}", time=reader.moment(row.heard_at_ms or row.changed_at_ms, now_ms), name=row.started_by)
    return reader.t("begun {time}, ended without a result", time=reader.moment(row.started_at_ms, now_ms))


def device_of(reading: LedgerReading, shelf_id: str) -> str | None:
    """Return the device that has the scale: by its own word, or else the one that was calibrating it."""
    has_it = (device.device_id for device in reading.devices() if f"shelf {shelf_id}" in device.parts)
    had_it = (row.device_id for row in reading.calibrations() if row.shelf_id == shelf_id)
    return next(has_it, None) or next(had_it, None)


def calibration_card(reader: Reader, reading: LedgerReading, shelf_id: str, now_ms: int) -> Markup:
    """Lead through the calibration of one scale."""
    row = next((row for row in reading.calibrations() if row.shelf_id == shelf_id), None)
    place = place_of(reading.planogram, shelf_id)
    name = place_words(reader, place) if place is not None else shelf_id
    head = Markup('<div class="panel-head"><h2>{}</h2>{}</div>').format(
        reader.t("Calibrate the scale: {name}", name=name), link("/devices", reader.t("Back to all devices"))
    )
    if device_of(reading, shelf_id) is None:
        words = reader.t("No device has reported a scale of this name. Check its configuration, or choose a scale from the list.")
        return head + Markup('<p class="empty">{}</p>').format(words)
    if row is None or not is_under_way(row, now_ms):
        return head + _before(reader, row, now_ms)
    return head + _under_way(reader, row, now_ms)


def _before(reader: Reader, row: CalibrationRow | None, now_ms: int) -> Markup:
    parts = Markup()
    progress = None if row is None else progress_of(row)
    if row is not None and row.stage == APPLIED and progress is not None and progress.result is not None:
        words = reader.t("In use since {time}, and kept in the device's file.", time=reader.moment(row.heard_at_ms or 0, now_ms))
        parts += Markup('<p class="done">{}<strong>{}</strong></p>').format(mark("well"), words) + _result(reader, progress.result)
        parts += Markup('<p class="small soft">{}</p>').format(
            reader.t("Put the goods back. If the old figures were far off, count the shelf once, so that the books begin right.")
        )
    steps = (
        reader.t("You need the empty shelf and one known weight at least, of a third of the full load or more; four or five are better."),
        reader.t(
            "While it lasts, the scale tells no weights, so nothing is booked as taken or put back. Left alone, it ends after 30 minutes."
        ),
    )
    parts += Markup('<ul class="steps">{}</ul>').format(Markup().join(Markup("<li>{}</li>").format(step) for step in steps))
    again = row is not None and row.stage == APPLIED
    return parts + _bar(_button("start", row, reader.t("Calibrate again") if again else reader.t("Start"), main=not again))


def _under_way(reader: Reader, row: CalibrationRow, now_ms: int) -> Markup:
    progress, pending = progress_of(row), pending_step(row)
    loads = [] if progress is None else [load for load in progress.loads if load.step in _listed(row)]
    who = reader.t("Being calibrated by {name} since {time}", name=row.started_by, time=reader.moment(row.started_at_ms, now_ms))
    parts = Markup('<p class="small soft">{}</p>').format(who) + _loads(reader, loads, progress)
    has_heard = row.heard_at_ms is not None and row.heard_at_ms >= row.changed_at_ms
    if progress is not None and progress.stage == "refused" and has_heard:
        parts += Markup('<p class="refused" role="alert">{}<span><strong>{}</strong><br>{}</span></p>').format(
            mark("trouble"), reader.t("Not taken: {problem}.", problem=reader.say(progress.problem)), reader.told(progress.advice)
        )
    waiting = row.stage == ACCEPT or pending is not None or progress is None
    if waiting:
        parts += _waiting(reader, row, progress, now_ms)
    elif loads and progress is not None and progress.result is not None:
        parts += _result(reader, progress.result)
    return parts + _ask(reader, row, loads, progress, waiting=waiting)


def _listed(row: CalibrationRow) -> set[int]:
    return {step.step for step in steps_of(row)}


def _waiting(reader: Reader, row: CalibrationRow, progress: CalibrationProgress | None, now_ms: int) -> Markup:
    pending = pending_step(row)
    if row.stage == ACCEPT:
        words = reader.t("The device is taking over the figures …")
    elif pending is None:
        words = reader.t("Waiting for the device …")
    elif pending.known_g == 0.0:
        words = reader.t("Weighing the empty shelf; keep your hands off …")
    else:
        words = reader.t("Weighing {grams} g; keep your hands off …", grams=_grams(reader, pending.known_g))
    since_ms = now_ms - max(row.changed_at_ms, row.heard_at_ms or 0)
    late = Markup()
    if since_ms > SILENT_AFTER_MS:
        late = Markup('<br><span class="amber">{}</span>').format(
            reader.t("No answer for {span}. Check the device's power and network; your wish waits for it.", span=reader.span(since_ms))
        )
    return Markup('<p class="waiting" role="status">{}{}</p>').format(words, late)


def _ask(reader: Reader, row: CalibrationRow, loads: list[WeighedLoad], progress: CalibrationProgress | None, *, waiting: bool) -> Markup:
    end = _button("end", row, reader.t("End, change nothing"))
    if waiting:
        return _bar(end)
    if not loads:
        words = reader.t("Step 1: take everything off the shelf and leave it alone.")
        return _step(words) + _bar(_button("weigh-empty", row, reader.t("It is empty: weigh"), main=True), end)
    ready = progress is not None and progress.result is not None
    words = (
        reader.t("Weigh another weight, or use the result.")
        if ready
        else reader.t("Step 2: put a known weight on its middle, and say how many grams.")
    )
    field = Markup(
        '<label class="known">{label} <input id="{name}" type="text" inputmode="decimal" autocomplete="off" maxlength="12"'
        ' placeholder="5000" data-enter="weigh-known"><span class="unit">g</span></label>'
    ).format(label=reader.t("Known weight"), name=WEIGHT_INPUT)
    weigh = _button("weigh-known", row, reader.t("Weigh it"), main=not ready, value_of=WEIGHT_INPUT)
    accept = _button("accept", row, reader.t("Use this calibration"), main=True) if ready else Markup()
    return _step(words) + field + _bar(weigh, accept, _button("begin-again", row, reader.t("Begin again")), end)


def _step(words: str) -> Markup:
    return Markup('<p class="step"><strong>{}</strong></p>').format(words)


def _loads(reader: Reader, loads: list[WeighedLoad], progress: CalibrationProgress | None) -> Markup:
    """What was weighed; beside it, once there is a result, how the new figures would weigh it."""
    result = progress.result if progress is not None and len(progress.loads) == len(loads) else None
    heads = [reader.t("Known")]
    heads += [reader.t("Weighed"), reader.t("Error"), reader.t("Spread"), reader.t("Class III limit")] if result else [reader.t("Spread")]
    rows = []
    for number, load in enumerate(loads):
        row: list[object] = [reader.t("empty") if load.known_g == 0.0 else f"{_grams(reader, load.known_g)} g"]
        if result is None:
            row.append(reader.t("{count} counts", count=reader.number(load.spread_counts)))
        else:
            judged = result.loads[number]
            figures = (judged.weighed_g, judged.error_g, judged.spread_g)
            row += [f"{reader.number(figure, decimals=1)} g" for figure in figures]
            row.append("—" if judged.limit_g is None else f"± {_grams(reader, judged.limit_g)} g")
        rows.append([*row, reader.number(load.mean_counts)])
    heads.append(reader.t("Counts"))
    return table(heads, rows, figures=range(1, len(heads)))


def _result(reader: Reader, result: CalibrationResult) -> Markup:
    finest = result.finest_interval_g
    verdict = (
        reader.t("meets class III at an interval of e = {grams} g", grams=_grams(reader, finest))
        if finest is not None
        else reader.t("meets class III at no interval: mind wobbling shelves, and weigh heavier loads")
    )
    facts = [
        (reader.t("Largest error"), f"{reader.number(result.linearity_g, decimals=1)} g"),
        (reader.t("Largest spread at one load"), f"{reader.number(result.repeatability_g, decimals=1)} g"),
        (reader.t("OIML class III"), verdict),
        (reader.t("Counts per gram"), f"{result.counts_per_gram:g}"),
        (reader.t("Zero"), reader.t("{count} counts", count=reader.number(result.tare_counts))),
        (reader.t("Temperature"), _temperature(reader, result)),
    ]
    if result.hysteresis_g is not None:
        facts.insert(2, (reader.t("Loading and unloading differ by"), f"{reader.number(result.hysteresis_g, decimals=1)} g"))
    return Markup('<div class="facts">{}</div>').format(table((), facts))


def _temperature(reader: Reader, result: CalibrationResult) -> str:
    if result.temperature_coefficient_g_per_c is None:
        return reader.t("not told by these readings")
    return reader.t(
        "{grams} ± {doubt} g per °C",
        grams=reader.number(result.temperature_coefficient_g_per_c, decimals=2),
        doubt=reader.number(result.temperature_standard_error_g_per_c, decimals=2),
    )


def _bar(*buttons: Markup) -> Markup:
    return Markup('<div class="bar wrap">{}</div>').format(Markup().join(buttons))


def _button(act: str, row: CalibrationRow | None, words: str, *, main: bool = False, value_of: str = "") -> Markup:
    """The value says which calibration, in which state, the person saw."""
    revision = 0 if row is None else row.revision
    session = "" if row is None else row.session_id
    return Markup(
        '<button type="button" id="{act}" data-key="{act}-{revision}" data-act="{act}" data-value="{value}" data-once{of}{main}>'
        "{words}</button>"
    ).format(
        act=act,
        revision=revision,
        value=f"{revision}/{session}",
        of=Markup(' data-value-of="{}"').format(value_of) if value_of else "",
        main=Markup(' class="main"') if main else "",
        words=words,
    )


def _grams(reader: Reader, grams: float) -> str:
    return reader.number(grams, decimals=0 if grams == round(grams) else 1)
