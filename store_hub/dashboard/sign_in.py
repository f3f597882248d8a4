"""Draws the pages of log-in, first password, account and people: plain forms that need no script."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from access_control.persons import Key, Person
from store_hub.dashboard.frame import asset_version, head_html
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.wording import role_word
from store_hub.rules.roles import ROLES, SCOPES


def whole_page(reader: Reader, title: str, body: Markup) -> str:
    """Put a body into a page of its own."""
    version = asset_version()
    return str(
        Markup(
            '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">{head}'
            '<link rel="stylesheet" href="/assets/sign-in.css?v={version}"></head>'
            '<body><main id="main" class="sign-in">{body}</main></body></html>'
        ).format(language=reader.language, title=title, head=Markup(head_html(version)), version=version, body=body)
    )


def log_in_form(reader: Reader, *, shop: str, target: str, problem: str = "", name: str = "", provider: str = "") -> Markup:
    """Ask for name and password."""
    return Markup(
        '<div class="title"><h1>{title}</h1><p>{shop}</p></div>{problem}{other}<form class="card" method="post" action="/login">'
        '<input type="hidden" name="next" value="{target}">'
        '<label>{name_label}<input name="name" value="{name}" autocomplete="username"{at_name} required maxlength="40"></label>'
        '<label>{password_label}<input name="password" type="password" autocomplete="current-password"{at_password} required'
        ' maxlength="256"></label>'
        '<button class="main">{button}</button></form><p class="small soft">{help}</p>'
    ).format(
        title=reader.t("Log in"),
        shop=shop,
        problem=_problem(reader, problem),
        other=_other_log_in(reader, provider, target),
        target=target,
        name=name,
        at_name="" if name else Markup(" autofocus"),
        at_password=Markup(" autofocus") if name else "",
        name_label=reader.t("Name"),
        password_label=reader.t("Password"),
        button=reader.t("Log in"),
        help=reader.t("Forgotten? The manager makes you a new link: on the page People, or with store-hub people invite."),
    )


def _other_log_in(reader: Reader, provider: str, target: str) -> Markup:
    if not provider:
        return Markup()
    return Markup('<div class="bar"><a class="button" href="/login/provider?next={}">{}</a></div>').format(
        target, reader.t("Log in with {provider}", provider=provider)
    )


def welcome_form(reader: Reader, person: Person, *, problem: str = "") -> Markup:
    """Ask for a first or new password."""
    return Markup(
        '<div class="title"><h1>{title}</h1><p>{what}</p></div>{problem}<form class="card" method="post">'
        '<input type="hidden" name="username" autocomplete="username" value="{name}">'
        '<label>{password_label}<input name="password" type="password" autocomplete="new-password" autofocus required minlength="12"'
        ' maxlength="256"></label><button class="main">{button}</button></form>'
    ).format(
        title=reader.t("Welcome, {name}", name=person.name),
        what=reader.t(
            "You are {role} here. Choose a password of 12 characters or more; a sentence is a good one.",
            role=role_word(reader, person.role),
        ),
        problem=_problem(reader, problem),
        name=person.name,
        password_label=reader.t("New password"),
        button=reader.t("Begin"),
    )


def account(reader: Reader, person: Person, *, problem: str = "") -> Markup:
    """Who one is, another password, and the way out."""
    people = (
        Markup('<a class="button" href="/people">{}</a>').format(reader.t("People and keys"))
        if person.role in ("manager", "auditor")
        else ""
    )
    return Markup(
        '<div class="title"><h1>{name}</h1><p>{role}</p></div>{problem}<div class="bar"><a class="button" href="/">{back}</a>{people}'
        '<form method="post" action="/logout"><button>{out}</button></form></div>'
        '<form class="card" method="post" action="/account/password"><h2>{change}</h2>'
        '<label>{old}<input name="old" type="password" autocomplete="current-password" required maxlength="256"></label>'
        '<label>{new}<input name="new" type="password" autocomplete="new-password" required minlength="12" maxlength="256"></label>'
        "<button>{button}</button></form>"
    ).format(
        name=person.name,
        role=role_word(reader, person.role),
        problem=_problem(reader, problem),
        back=reader.t("Back to the shop"),
        people=people,
        out=reader.t("Log out"),
        change=reader.t("Change the password"),
        old=reader.t("Present password"),
        new=reader.t("New password"),
        button=reader.t("Change"),
    )


def people(
    reader: Reader, persons: Sequence[Person], keys: Sequence[Key], *, own_name: str, may_change: bool, secret: str = "", problem: str = ""
) -> Markup:
    """Who may log in, which systems may book, and the forms that change it. `secret` is a link or key, shown this once."""
    once = ""
    if secret:
        once = Markup('<div class="banner" role="status">{}<br><code>{}</code></div>').format(
            reader.t("Shown this once; give it to its owner:"), secret
        )
    heads = (reader.t("Name"), reader.t("Role"), "")
    rows = (
        (
            person.name,
            role_word(reader, person.role),
            _remove(reader, "/people/remove", person.name, may_change and person.name != own_name),
        )
        for person in persons
    )
    key_heads = (reader.t("System"), reader.t("May open"), "")
    key_rows = ((key.name, ", ".join(key.scopes), _remove(reader, "/people/key-remove", key.name, may_change)) for key in keys)
    return Markup(
        '<div class="title"><h1>{title}</h1></div>{once}{problem}<div class="bar"><a class="button" href="/">{back}</a></div>'
        '<section class="card"><h2>{title}</h2>{persons}{invite}</section><section class="card"><h2>{systems}</h2>{keys}{key}</section>'
    ).format(
        title=reader.t("People"),
        once=once,
        problem=_problem(reader, problem),
        back=reader.t("Back to the shop"),
        persons=table(heads, rows),
        invite=_invite(reader) if may_change else "",
        systems=reader.t("Other systems"),
        keys=table(key_heads, key_rows),
        key=_new_key(reader) if may_change else "",
    )


def _invite(reader: Reader) -> Markup:
    roles = Markup().join(
        Markup('<option value="{}">{}</option>').format(role, role_word(reader, role)) for role in sorted(ROLES, key="staff".__ne__)
    )
    return Markup(
        '<form class="row" method="post" action="/people/invite"><label>{name}<input name="name" required maxlength="40"></label>'
        '<label>{role}<select name="role">{roles}</select></label><button>{button}</button></form>'
        '<p class="small soft">{why}</p>'
    ).format(
        name=reader.t("Name"), role=reader.t("Role"), roles=roles, button=reader.t("Make a link"),
        why=reader.t(
            "Staff: tasks, shelves, receiving, stock-take. Planner: figures and the planogram. Installer: devices and the floor. Auditor:"
            " looks at everything, changes nothing. Manager: everything."
        ),
    )  # fmt: skip


def _new_key(reader: Reader) -> Markup:
    scopes = Markup().join(Markup('<option value="{0}">{0}</option>').format(scope) for scope in SCOPES)
    return Markup(
        '<form class="row" method="post" action="/people/key"><label>{name}<input name="name" required maxlength="40"></label>'
        '<label>{scope}<select name="scope">{scopes}</select></label><button>{button}</button></form>'
    ).format(name=reader.t("System"), scope=reader.t("May open"), scopes=scopes, button=reader.t("Make a key"))


def _remove(reader: Reader, action: str, name: str, may_change: bool) -> Markup:
    if not may_change:
        return Markup()
    return Markup('<form method="post" action="{}"><input type="hidden" name="name" value="{}"><button>{}</button></form>').format(
        action, name, reader.t("Remove")
    )


def _problem(reader: Reader, text: str) -> Markup:
    return Markup('<div class="banner now" role="alert">{}</div>').format(reader.told(text)) if text else Markup()
