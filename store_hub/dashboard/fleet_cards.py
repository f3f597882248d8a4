"""What devices run, drawn: a device's file to change, and software brought to all of them ring by ring."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.release_shelf import Bundle
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import mark
from store_hub.rows import DeploymentRow, RolloutRow
from store_hub.rules.fleet import CONFIGURATION, HALTED, REFUSED, RUNNING, SOFTWARE, digest_of, rings_of

FILE_FIELD, FIRST_FIELD = "device-file", "first-device"
BUNDLES_SHOWN = 5
CLOCK_RIGHT_MS = 2_000


def setup_link(device_id: str) -> str:
    """Return the page on which a device's file is changed."""
    return f"/devices/setup?device={quote(device_id, safe='')}"


def state_words(reader: Reader, row: DeploymentRow, now_ms: int) -> str:
    """How a device fared with what it was sent."""
    time = reader.moment(row.changed_at_ms, now_ms)
    match row.state:
        case "wanted":
            return reader.t("sent {time}; the device has not taken it up yet", time=time)
        case "trying":
            return reader.t("being tried since {time}", time=time)
        case "confirmed":
            return reader.t("works, and is kept since {time}", time=time)
        case "rolled_back":
            return reader.t("taken back {time}: {reason}", time=time, reason=reader.say(row.reason))
        case "refused":
            return reader.t("refused {time}: {reason}", time=time, reason=reader.say(row.reason))
        case _:
            return reader.t("not begun; {reason}", reason=reader.say(row.reason))


def file_card(reader: Reader, reading: LedgerReading, device_id: str, now_ms: int) -> Markup:
    """A device's file in a field, and the button that sends it."""
    if not device_id:
        return Markup()
    head = Markup('<div class="panel-head"><h2>{}</h2>{}</div>').format(
        reader.t("Configuration of {device}", device=device_id), link("/devices/setup", reader.t("Back to all devices"))
    )
    file = reading.device_file(device_id)
    if file is None:
        return head + Markup('<p class="empty">{}</p>').format(
            reader.t("This device has not told its configuration. Only one that runs with its keeper can be changed from here.")
        )
    parts = head
    sent = reading.deployments(CONFIGURATION).get(device_id)
    if sent is not None:
        colour = "amber" if sent.state in ("rolled_back", "refused") else "soft"
        words = reader.t("Version {version}: {state}.", version=sent.version, state=state_words(reader, sent, now_ms).rstrip("."))
        parts += Markup('<p class="{}" role="status">{}</p>').format(colour, words)
    digest = digest_of(file.toml)
    field = Markup(
        '<label class="small" for="{name}">{label}</label>'
        '<textarea id="{name}" data-key="file-{key}" class="device-file" rows="{rows}" spellcheck="false" autocapitalize="off">'
        "\n{text}</textarea>"
    ).format(
        name=FILE_FIELD,
        label=reader.t("The device's file (TOML), told {time}", time=reader.moment(file.told_at_ms, now_ms)),
        key=digest[:12],
        rows=min(40, file.toml.count("\n") + 3),
        text=file.toml,
    )
    button = Markup('<button class="button main" data-act="send-file" data-value="{}" data-value-of="{}" data-once>{}</button>').format(
        digest, FILE_FIELD, reader.t("Send it to the device")
    )
    note = reader.t(
        "It is looked at here, then tried by the device, and kept once every sensor is well and this hub answers."
        " If not, the device takes it back by itself within two minutes."
    )
    return parts + field + Markup('<p class="small soft">{}</p><div class="bar">{}</div>').format(note, button)


def software_card(reader: Reader, reading: LedgerReading, bundles: Sequence[Bundle], now_ms: int) -> Markup:
    """How the last rollout stands, and the releases that can be rolled out."""
    rollout = reading.rollout()
    parts = Markup("<h2>{}</h2>").format(reader.t("Software"))
    if rollout is not None:
        parts += _rollout(reader, rollout, now_ms)
    devices = reading.devices_with_keeper()
    if not bundles:
        words = reader.t("No release is on this hub. Put one here with: store-hub release add BUNDLE.tar")
        return parts + Markup('<p class="empty">{}</p>').format(words)
    if rollout is not None and rollout.stage == RUNNING:
        return parts
    if not devices:
        words = reader.t("No device here runs with its keeper, so none can be changed from here.")
        return parts + Markup('<p class="empty">{}</p>').format(words)
    options = Markup().join(Markup("<option>{}</option>").format(device_id) for device_id in devices)
    choice = Markup('<p><label>{} <select id="{}">{}</select></label></p>').format(reader.t("Begin with"), FIRST_FIELD, options)
    heads = (reader.t("Release"), reader.t("Size"), "")
    rows = (
        (
            Markup("<strong>{}</strong>").format(bundle.version),
            f"{reader.number(bundle.size_bytes / 1e6, decimals=1)} MB",
            Markup('<button class="button" data-act="roll-out" data-value="{}" data-value-of="{}" data-once>{}</button>').format(
                bundle.version, FIRST_FIELD, reader.t("Roll out")
            ),
        )
        for bundle in bundles[:BUNDLES_SHOWN]
    )
    note = reader.t("One device first, then a quarter of the others, then the rest. The first that cannot keep it halts the rollout.")
    return parts + choice + table(heads, rows, figures=(1,)) + Markup('<p class="small soft">{}</p>').format(note)


def _rollout(reader: Reader, rollout: RolloutRow, now_ms: int) -> Markup:
    planned = rings_of(rollout)
    time = reader.moment(rollout.changed_at_ms, now_ms)
    if rollout.stage == RUNNING:
        words = reader.t(
            "{version} is being rolled out by {name}: ring {ring} of {rings}, {devices}",
            version=rollout.version,
            name=rollout.started_by,
            ring=rollout.ring + 1,
            rings=len(planned),
            devices=", ".join(planned[rollout.ring][:10]),
        )
        button = Markup('<button class="button" data-act="halt" data-value="{}" data-once>{}</button>').format(
            rollout.version, reader.t("Halt it")
        )
        return Markup('<p role="status">{}</p><div class="bar">{}</div>').format(words, button)
    if rollout.stage == HALTED:
        words = reader.t(
            "The rollout of {version} was halted {time}: {reason}", version=rollout.version, time=time, reason=reader.say(rollout.reason)
        )
        return Markup('<p class="refused" role="alert">{}<span>{}</span></p>').format(mark("trouble"), words)
    if rollout.stage == REFUSED:
        words = reader.t(
            "{version}, which the chain sent, was refused {time}: {reason}",
            version=rollout.version,
            time=time,
            reason=reader.say(rollout.reason),
        )
        return Markup('<p class="refused" role="alert">{}<span>{}</span></p>').format(mark("trouble"), words)
    if rollout.chain_rollout_id:
        devices = ", ".join([device_id for ring in planned for device_id in ring][:10]) or reader.t("every device that had it")
        words = reader.t(
            "{version}, which the chain sent, is kept since {time}: {devices}", version=rollout.version, time=time, devices=devices
        )
    else:
        words = reader.t("{version} runs on every device since {time}", version=rollout.version, time=time)
    return Markup('<p class="done">{}<strong>{}</strong></p>').format(mark("well"), words)


def devices_card(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """Every device: what it runs, and the way to its file."""
    kept = set(reading.devices_with_keeper())
    configurations, software = reading.deployments(CONFIGURATION), reading.deployments(SOFTWARE)
    devices, clocks = reading.devices(), reading.clock_errors()
    if not devices:
        return Markup('<h2>{}</h2><p class="empty">{}</p>').format(reader.t("Every device"), reader.t("No device has reported yet."))
    heads = (reader.t("Device"), reader.t("Version"), reader.t("Software"), reader.t("Configuration"), reader.t("Clock"), "")
    rows = (
        (
            Markup("<strong>{}</strong>").format(device.device_id),
            device.agent_version,
            _last(reader, software.get(device.device_id), now_ms),
            _last(reader, configurations.get(device.device_id), now_ms),
            _clock(reader, clocks.get(device.device_id)),
            Markup('<a class="button" href="{}">{}</a>').format(setup_link(device.device_id), reader.t("Configure"))
            if device.device_id in kept
            else reader.t("without its keeper"),
        )
        for device in devices
    )
    return Markup("<h2>{}</h2>").format(reader.t("Every device")) + table(heads, rows)


def _last(reader: Reader, row: DeploymentRow | None, now_ms: int) -> str:
    return "—" if row is None else f"{row.version}: {state_words(reader, row, now_ms)}"


def _clock(reader: Reader, error_ms: int | None) -> str:
    if error_ms is None:
        return "—"
    if abs(error_ms) < CLOCK_RIGHT_MS:
        return reader.t("exact to two seconds")
    span = reader.span(abs(error_ms))
    return reader.t("{span} ahead, corrected", span=span) if error_ms > 0 else reader.t("{span} behind, corrected", span=span)


def log_card(reader: Reader, reading: LedgerReading, device_id: str, now_ms: int) -> Markup:
    """The last lines of a device's log, and the button that asks for them."""
    row = reading.device_log(device_id)
    parts = Markup("<h2>{}</h2>").format(reader.t("Its log"))
    if row is not None and row.told_at_ms is None:
        words = reader.t(
            "Asked for {time} by {name}; the device has not answered yet.", time=reader.moment(row.wanted_at_ms, now_ms), name=row.wanted_by
        )
        parts += Markup('<p class="waiting" role="status">{}</p>').format(words)
    elif row is not None:
        parts += Markup('<p class="small soft">{}</p>').format(reader.t("Told {time}", time=reader.moment(row.told_at_ms or 0, now_ms)))
    lines = [] if row is None else msgspec.json.decode(row.lines, type=list[str])
    if lines:
        parts += Markup('<pre class="device-file" tabindex="0">{}</pre>').format("\n".join(lines))
    button = Markup('<button class="button" data-act="get-log" data-value="{}" data-once>{}</button>').format(
        device_id, reader.t("Get its log")
    )
    return parts + Markup('<div class="bar">{}</div>').format(button)
