"""Draws the pages of log-in, first password, account and people: plain forms that need no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup
from starlette.requests import Request

from access_control.persons import Key, Person
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.rules.roles import ROLES, SCOPES, home_of, may_see

_STYLE = Markup(
    ":root{color-scheme:light dark}body{font:400 1rem/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:760px;margin:48px auto;"
    "padding:0 24px}form{display:grid;gap:16px}form.row{display:flex;flex-wrap:wrap;align-items:end}label{display:grid;gap:4px}"
    "input,select,button,a.button{font:inherit;min-height:44px;padding:0 12px;border-radius:8px;border:1px solid;box-sizing:border-box}"
    "label,input,select{max-width:100%}"
    "a.button{display:inline-flex;align-items:center;color:inherit;text-decoration:none}.bar{display:flex;gap:16px;flex-wrap:wrap}"
    "[role=alert],[role=status]{border-left:4px solid #b3261e;padding:12px 16px;margin:16px 0}[role=status]{border-color:#2563a8}"
    "code{overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;margin:16px 0}td,th{text-align:left;padding:8px 8px 8px 0;"
    "overflow-wrap:break-word;vertical-align:top}.scroll{overflow-x:auto}section{margin-top:40px}"
)


class SignInPages:
    """Draws them for the shared forms, in the reader's language.

    Args:
        provider: what the other log-in is called; empty where there is none.
    """

    def __init__(self, *, provider: str = "") -> None:
        self._provider = provider

    def log_in(self, request: Request, *, target: str, problem: str = "", name: str = "") -> str:
        """Ask for name and password."""
        reader = Reader.of(request.cookies)
        return _whole(reader, reader.t("Log in"), _log_in(reader, target, problem, name, self._provider))

    def welcome(self, request: Request, person: Person, *, problem: str = "") -> str:
        """Ask for a first or new password."""
        reader = Reader.of(request.cookies)
        return _whole(reader, reader.t("Welcome, {name}", name=person.name), _welcome(reader, person, problem))

    def account(self, request: Request, person: Person, *, problem: str = "") -> str:
        """Who one is, another password, and the way out."""
        reader = Reader.of(request.cookies)
        return _whole(reader, person.name, _account(reader, person, problem))

    def people(
        self, request: Request, person: Person, persons: list[Person], keys: list[Key], *, secret: str = "", problem: str = ""
    ) -> str:
        """Who may log in, which programs and hubs have keys."""
        reader = Reader.of(request.cookies)
        return _whole(reader, reader.t("People and keys"), _people(reader, person, persons, keys, secret, problem))


def role_words(reader: Reader, role: str) -> str:
    """A role, and what it may do."""
    words = {
        "administrator": reader.t("administrator: people, keys and everything else"),
        "planner": reader.t("planner: orders, promotions, layout, notes and targets"),
        "installer": reader.t("installer: devices and their software"),
        "auditor": reader.t("auditor: looks at everything, changes nothing"),
    }
    return words.get(role, role)


def _whole(reader: Reader, title: str, body: Markup) -> str:
    return str(
        Markup(
            '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{} · Aislewise</title><meta name="viewport"'
            ' content="width=device-width, initial-scale=1"><style>{}</style></head><body><main>{}</main></body></html>'
        ).format(reader.html_language, title, _STYLE, body)
    )


def _log_in(reader: Reader, target: str, problem: str, name: str, provider: str) -> Markup:
    other = Markup('<p><a class="button" href="/login/provider?next={}">{}</a></p>').format(
        target, reader.t("Log in with {provider}", provider=provider)
    )
    return Markup(
        '<h1>{title}</h1><p>{chain}</p>{problem}{other}<form method="post" action="/login">'
        '<input type="hidden" name="next" value="{target}">'
        '<label>{name_label}<input name="name" value="{name}" autocomplete="username" maxlength="40" required autofocus></label>'
        '<label>{password}<input name="password" type="password" autocomplete="current-password" maxlength="256" required></label>'
        "<button>{title}</button></form><p>{help}</p>"
    ).format(
        title=reader.t("Log in"),
        chain=reader.t("Aislewise, the chain"),
        problem=_problem(reader, problem),
        other=other if provider else "",
        target=target,
        name_label=reader.t("Name"),
        name=name,
        password=reader.t("Password"),
        help=reader.t("Forgotten? The administrator makes you a new link: on the page People and keys, or with cloud-api people invite."),
    )


def _welcome(reader: Reader, person: Person, problem: str) -> Markup:
    return Markup(
        '<h1>{}</h1><p>{}</p><p>{}</p>{}<form method="post"><input type="hidden" name="username" autocomplete="username" value="{}">'
        '<label>{}<input name="password" type="password" autocomplete="new-password" autofocus required minlength="12" maxlength="256">'
        "</label><button>{}</button></form>"
    ).format(
        reader.t("Welcome, {name}", name=person.name),
        capital(role_words(reader, person.role)),
        reader.t("Choose a password of 12 characters or more; a sentence is a good one."),
        _problem(reader, problem),
        person.name,
        reader.t("New password"),
        reader.t("Begin"),
    )


def _account(reader: Reader, person: Person, problem: str) -> Markup:
    places = [(home_of(person.role), reader.t("Back to the chain"))]
    if may_see(person.role, "/people"):
        places += [("/people", reader.t("People and keys")), ("/audit", reader.t("Who did what"))]
    links = Markup("").join(Markup('<a class="button" href="{}">{}</a>').format(path, words) for path, words in places)
    return Markup(
        '<h1>{}</h1><p>{}</p>{}<div class="bar">{}<form method="post" action="/logout"><button>{}</button></form></div>'
        '<section><h2>{}</h2><form method="post" action="/account/password"><label>{}<input name="old" type="password"'
        ' autocomplete="current-password" required maxlength="256"></label><label>{}<input name="new" type="password"'
        ' autocomplete="new-password" required minlength="12" maxlength="256"></label><button>{}</button></form></section>'
    ).format(
        person.name,
        capital(role_words(reader, person.role)),
        _problem(reader, problem),
        links,
        reader.t("Log out"),
        reader.t("Change the password"),
        reader.t("Present password"),
        reader.t("New password"),
        reader.t("Change"),
    )


def _people(reader: Reader, visitor: Person, persons: Sequence[Person], keys: Sequence[Key], secret: str, problem: str) -> Markup:
    may_change = visitor.role == ROLES[0]
    once = Markup('<div role="status">{}<br><code>{}</code></div>').format(reader.t("Shown this once; give it to its owner:"), secret)
    people = (
        (one.name, role_words(reader, one.role), _remove(reader, "remove", one.name, may_change and one.name != visitor.name))
        for one in persons
    )
    systems = ((key.name, ", ".join(key.scopes), _remove(reader, "key-remove", key.name, may_change)) for key in keys)
    return Markup(
        '<h1>{title}</h1>{once}{problem}<div class="bar"><a class="button" href="{home}">{back}</a><a class="button" href="/audit">'
        "{log}</a></div><section><h2>{people_title}</h2>{people}{invite}</section><section><h2>{keys_title}</h2><p>{elsewhere}</p>{keys}{make}</section>"
    ).format(
        title=reader.t("People and keys"),
        once=once if secret else "",
        problem=_problem(reader, problem),
        home=home_of(visitor.role),
        back=reader.t("Back to the chain"),
        log=reader.t("Who did what"),
        people_title=reader.t("People"),
        people=_table((reader.t("Name"), reader.t("Role"), ""), people),
        invite=_invite(reader) if may_change else "",
        keys_title=reader.t("Keys of programs and of shops' hubs"),
        elsewhere=reader.t("Keys of the token file are not listed here."),
        keys=_table((reader.t("Program or hub"), reader.t("May open"), ""), systems),
        make=_make_keys(reader) if may_change else "",
    )


def _options(words: Iterable[tuple[str, str]]) -> Markup:
    return Markup("").join(Markup('<option value="{}">{}</option>').format(value, said) for value, said in words)


def _invite(reader: Reader) -> Markup:
    roles = _options((role, role_words(reader, role)) for role in sorted(ROLES, key="planner".__ne__))
    return Markup(
        '<form class="row" method="post" action="/people/invite"><label>{}<input name="name" required maxlength="40"></label>'
        '<label>{}<select name="role">{}</select></label><button>{}</button></form>'
    ).format(reader.t("Name"), reader.t("Role"), roles, reader.t("Make a link"))


def _make_keys(reader: Reader) -> Markup:
    return Markup(
        '<form class="row" method="post" action="/people/key"><label>{name}<input name="name" required maxlength="40"></label>'
        '<label>{scope}<select name="scope">{scopes}</select></label><button>{make}</button></form>'
        '<form class="row" method="post" action="/people/key"><input type="hidden" name="scope" value="store:"><label>{name}'
        '<input name="name" required maxlength="40"></label><label>{shop}<input name="of" required maxlength="100"></label>'
        "<button>{make_hub}</button></form>"
    ).format(
        name=reader.t("Name of the key"),
        scope=reader.t("May open"),
        scopes=_options((scope, scope) for scope in SCOPES),
        make=reader.t("Make a key"),
        shop=reader.t("Shop (its store_id)"),
        make_hub=reader.t("Make a hub's key"),
    )


def _remove(reader: Reader, act: str, name: str, may_change: bool) -> Markup:
    if not may_change:
        return Markup()
    return Markup(
        '<form method="post" action="/people/{}"><input type="hidden" name="name" value="{}"><button aria-label="{}">{}</button></form>'
    ).format(act, name, reader.t("Remove {name}", name=name), reader.t("Remove"))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(word) for word in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row)) for row in rows
    )
    return Markup('<div class="scroll" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(head, body)


def _problem(reader: Reader, text: str) -> Markup:
    return Markup('<div role="alert">{}</div>').format(reader.told(text)) if text else Markup()
