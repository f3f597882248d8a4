"""Draws the sections of the page Settings: labelled fields, what they mean, and one button each."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from store_hub.adapters.pager import safe_name
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.settings_forms import FIGURES, scale_of
from store_hub.dashboard.settings_limits import field_names, figure_names
from store_hub.dashboard.tables import table
from store_hub.entries_settings import AlertRules, Retention, Target
from store_hub.flows.backup import BackupState
from store_hub.rows import ChannelRow, SettingsRow
from wire_format.plans import Planogram

EXAMPLES = "ntfy://topic · mailto://user:pass@shop.example · wecombot://key · dingtalk://token"


def title(reader: Reader, row: SettingsRow | None, now_ms: int) -> Markup:
    """Say who set things last."""
    if row is None:
        note = reader.t("Nothing has been changed yet: what you see are the beginnings.")
    else:
        note = reader.t("Last changed by {name}, {time}.", name=row.changed_by, time=reader.moment(row.changed_at_ms, now_ms))
    return Markup("<h1>{}</h1><p>{}</p>").format(reader.t("Settings"), note)


def _field(label: str, name: str, value: object, *, hint: str = "", kind: str = "text", more: str = "", key: str = "") -> Markup:
    """Draw a labelled field. `key`: what was typed is forgotten once it changes."""
    return Markup(
        '<label class="field"{}><span>{}</span><input name="{}" type="{}" value="{}"{} autocomplete="off">'
        '<span class="small soft">{}</span></label>'
    ).format(Markup(' data-key="{}"').format(key) if key else "", label, name, kind, "" if value is None else value, Markup(more), hint)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:g}"


def _form(name: str, heading: str, why: str, fields: Markup, buttons: Markup) -> Markup:
    return Markup('<h2>{}</h2><p class="small soft">{}</p><div class="fields" id="form-{}">{}</div><div class="bar">{}</div>').format(
        heading, why, name, fields, buttons
    )


def _button(words: str, act: str, form: str = "", *, value: str = "", main: bool = True, label: str = "") -> Markup:
    return Markup('<button type="button" class="{}" data-act="{}" data-value="{}"{}{}>{}</button>').format(
        "main" if main else "", act, value, Markup(' data-values-in="form-{}"').format(form) if form else "",
        Markup(' aria-label="{}"').format(label) if label else "", words,
    )  # fmt: skip


def plan_section(reader: Reader, plan: Planogram | None) -> Markup:
    """The way to the planogram's editor."""
    says = reader.t("none yet") if plan is None else reader.t("version {version}, {bays} bays", version=plan.version, bays=len(plan.bays))
    return Markup('<h2>{}</h2><p class="small soft">{}</p><div class="bar"><a class="button" href="/plan">{}</a></div>').format(
        reader.t("Planogram: {state}", state=says),
        reader.t("Move and resize bays on the plan, say what stands where and how much fits. Every version is kept and can be put back."),
        reader.t("Edit the planogram"),
    )


def alerts_section(reader: Reader, rules: AlertRules) -> Markup:
    """When to call, for the whole shop."""
    fields = Markup().join(
        (
            _field(
                reader.t("Low from, % of what fits"),
                "low_share",
                _percent(rules.low_share),
                hint=reader.t("empty: by the planogram's units"),
            ),
            _field(
                reader.t("Low from, minutes until empty"),
                "low_minutes",
                _plain(rules.low_minutes),
                hint=reader.t("at the present pace; empty: not"),
            ),
            _low_for(reader, rules),
            _field(reader.t("Queue from, people"), "queue_people", _plain(rules.queue_people), hint=reader.t("mean of a minute")),
            _field(
                reader.t("Tell the office after, minutes"),
                "escalate_min",
                _plain(rules.escalate_min),
                hint=reader.t("while nobody takes a task"),
            ),
            _field(
                reader.t("Pause between messages, minutes"),
                "message_gap_min",
                _plain(rules.message_gap_min),
                hint=reader.t("to one receiver"),
            ),
            _counts(reader, rules),
            _field(reader.t("Quiet from"), "quiet_from", rules.quiet_from, kind="time", hint=reader.t("no messages")),
            _field(reader.t("Quiet until"), "quiet_to", rules.quiet_to, kind="time", hint=reader.t("what still stands is told then")),
        )
    )
    return _form(
        "alerts", reader.t("When to call"),
        reader.t("For the whole shop. A share or minutes call earlier than the planogram's units, never later."),
        fields, _button(reader.t("Save"), "save-alerts", "alerts"),
    )  # fmt: skip


def _low_for(reader: Reader, rules: AlertRules) -> Markup:
    hint = reader.t("15: nobody is called to what a customer lifts and puts back")
    return _field(reader.t("Low for, seconds"), "low_for_s", _plain(rules.low_for_s), hint=hint)


def _counts(reader: Reader, rules: AlertRules) -> Markup:
    hint = reader.t("of shelves whose stock is in doubt; 0: none")
    return _field(reader.t("Counts asked for, an hour"), "counts_per_hour", _plain(rules.counts_per_hour), hint=hint)


def places_section(reader: Reader, rules: AlertRules, plan: Planogram | None) -> Markup:
    """Where an article or a shelf has a rule of its own."""
    names = {product.sku: product.name for product in plan.products} if plan else {}
    shelves = {shelf.shelf_id: f"{bay.name} · {shelf.level}" for bay in plan.bays for shelf in bay.shelves} if plan else {}
    rows = (
        (
            names.get(rule.sku or "", rule.sku) or reader.t("every article"),
            shelves.get(rule.shelf_id or "", rule.shelf_id) or reader.t("every shelf"),
            "—" if rule.low_units is None else reader.number(rule.low_units),
            "—" if rule.low_share is None else reader.share(rule.low_share, decimals=0),
            "—" if rule.low_minutes is None else reader.number(rule.low_minutes),
            _button(reader.t("Remove"), "drop-place", value=str(index), main=False),
        )
        for index, rule in enumerate(rules.places)
    )
    heads = (reader.t("Article"), reader.t("Shelf"), reader.t("Units"), reader.t("Share"), reader.t("Minutes"), "")
    lists = Markup('<datalist id="articles">{}</datalist><datalist id="shelves">{}</datalist>').format(
        Markup().join(Markup('<option value="{}">').format(name) for name in sorted(names.values())),
        Markup().join(Markup('<option value="{}">{}</option>').format(shelf_id, words) for shelf_id, words in shelves.items()),
    )
    fields = lists + Markup().join(
        (
            _field(reader.t("Article"), "sku", "", more=' list="articles"', hint=reader.t("empty: every article")),
            _field(reader.t("Shelf"), "shelf_id", "", more=' list="shelves"', hint=reader.t("empty: every shelf")),
            _field(reader.t("Low from, units"), "low_units", "", hint=reader.t("in place of the planogram's")),
            _field(reader.t("Low from, % of what fits"), "low_share", ""),
            _field(reader.t("Low from, minutes until empty"), "low_minutes", ""),
        )
    )
    return table(heads, rows, figures=(2, 3, 4)) + _form(
        "places", reader.t("For an article or a shelf"), reader.t("What is said most closely counts."), fields,
        _button(reader.t("Add the rule"), "add-place", "places"),
    )  # fmt: skip


def channels_section(reader: Reader, channels: Sequence[ChannelRow]) -> Markup:
    """Where people are called."""
    roles = {"staff": reader.t("staff"), "office": reader.t("the office"), "both": reader.t("staff and office")}
    unknown = reader.t("an address that is no longer known")
    rows = ((row.name, safe_name(row.url) or unknown, roles.get(row.role, row.role), _channel_acts(reader, row)) for row in channels)
    kept = f"{len(channels)}-{max((row.added_at_ms for row in channels), default=0)}"  # What was saved is not left standing in the form.
    fields = _field(reader.t("Name"), "name", "", hint=reader.t("whose phone, or which group"), key=f"name-{kept}") + _field(
        reader.t("Address"), "url", "", hint=EXAMPLES, more=' spellcheck="false" autocapitalize="off"', key=f"url-{kept}"
    )
    buttons = Markup().join(
        _button(words, "add-channel", "channels", value=role, main=role == "staff")
        for role, words in (
            ("staff", reader.t("Add for staff")), ("office", reader.t("Add for the office")), ("both", reader.t("Add for both"))
        )
    )  # fmt: skip
    heads = (reader.t("Name"), reader.t("Address"), reader.t("For"), "")
    why = reader.t(
        "Any address that apprise knows: ntfy, WeCom, DingTalk, Slack, mail and a hundred more. It is not shown again; to replace it, save"
        " another under the same name."
    )
    return _form("channels", reader.t("Where people are called"), why, fields, buttons) + table(heads, rows)


def _channel_acts(reader: Reader, row: ChannelRow) -> Markup:
    test, drop = reader.t("Send a test to {name}", name=row.name), reader.t("Remove {name}", name=row.name)
    return Markup('<div class="bar">{}{}</div>').format(
        _button(reader.t("Send a test"), "test-channel", value=row.name, main=False, label=test),
        _button(reader.t("Remove"), "drop-channel", value=row.name, main=False, label=drop),
    )


def targets_section(reader: Reader, targets: Sequence[Target]) -> Markup:
    """What each figure should reach, whose it is, and when to look at it again."""
    known: dict[str, Target] = {target.figure: target for target in targets}
    fields = Markup()
    for figure in FIGURES:
        target, name = known.get(figure), figure_names(reader)[figure]
        value = None if target is None else _plain(round(target.value / scale_of(reader, figure), 6))
        fields += _field(name, figure, value)
        fields += _field(reader.t("Whose"), f"{figure}_owner", target.owner if target else "")
        fields += _field(reader.t("Look again on"), f"{figure}_review", target.review_on if target else "", kind="date")
    why = reader.t("A figure with a target shows its light on Sales and Today. An empty field sets none.")
    return _form("targets", reader.t("Targets"), why, fields, _button(reader.t("Save"), "save-targets", "targets"))


def retention_section(reader: Reader, retention: Retention) -> Markup:
    """How long things are kept."""
    names = field_names(reader)
    fields = Markup().join(
        _field(names[name], name, _plain(getattr(retention, name)), hint=reader.t("days; empty: for ever"))
        for name in Retention.__struct_fields__
    )
    why = reader.t("Older rows are let go each night. The journal, stock, sales and the sums of quarters are kept; so are alerts.")
    return _form("retention", reader.t("How long things are kept"), why, fields, _button(reader.t("Save"), "save-retention", "retention"))


def backup_section(reader: Reader, state: BackupState | None, now_ms: int) -> Markup:
    """When the ledger was last backed up, and when somebody last proved that a backup can be put back. None: none is configured."""
    title = Markup("<h2>{}</h2>").format(reader.t("Backups"))
    if state is None:
        words = reader.t("No backup is made: name a folder and a key in [backup] of the hub's file.")
        return title + Markup('<p class="amber">{}</p>').format(words)
    if state.last_taken_at_ms is None:
        lines = Markup('<p class="amber">{}</p>').format(reader.t("There is none yet; the first is made within a minute."))
    else:
        lines = Markup("<p>{}</p>").format(reader.t("The last is of {time}.", time=reader.moment(state.last_taken_at_ms, now_ms)))
    if state.problem:
        lines += Markup('<p class="amber">{}</p>').format(reader.say(state.problem))
    drill = state.drill
    if drill is None:
        words, colour = reader.t("Nobody has tried yet whether one can be put back. Run: store-hub restore --verify FILE"), "amber"
    elif drill.is_well:
        words, colour = reader.t("The last drill proved one, {time}.", time=reader.moment(drill.proved_at_ms, now_ms)), "soft"
    else:
        words, colour = reader.t("The last drill found one wanting, {time}.", time=reader.moment(drill.proved_at_ms, now_ms)), "red"
    return title + lines + Markup('<p class="{}">{}</p>').format(colour, words)
