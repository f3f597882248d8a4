"""The planogram's editor: the plan to scale, bays and facings moved and resized by hand, checked by the hub, put in force as a new version.

The page draws and keeps what was changed until it is put in force (`assets/plan-editor.js`); the hub checks and books. Every version is in
the journal, so that any can be put back, as a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerUnreadable
from store_hub.dashboard.accuracy_alike import alike_sentences
from store_hub.dashboard.desk import ANSWER_WITHIN_S, Desk
from store_hub.dashboard.reader import Reader
from store_hub.errors import HubError, PlanogramInvalid
from store_hub.flows.commands import BookPlanogram
from store_hub.rules.planogram_checks import planogram_problems
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram

BODY_BYTES_MAX = 5_000_000


class PlanEditor:
    """The routes, on the pages' desk."""

    def __init__(self, desk: Desk, reader_of: Callable[[Request], Reader], version: str) -> None:
        self._desk = desk
        self._reader_of = reader_of
        self._version = version

    def mount(self, app: FastAPI) -> None:
        """Add the routes."""
        app.add_api_route("/plan", self.shell, methods=["GET"], include_in_schema=False, response_model=None)
        app.add_api_route("/plan/current", self.current, methods=["GET"], include_in_schema=False, response_model=None)
        app.add_api_route("/plan/check", self.check, methods=["POST"], include_in_schema=False, response_model=None)
        app.add_api_route("/plan/force", self.force, methods=["POST"], include_in_schema=False, response_model=None)
        app.add_api_route("/plan/back", self.back, methods=["POST"], include_in_schema=False, response_model=None)

    async def shell(self, request: Request) -> Response:
        """The page without its data."""
        reader = self._reader_of(request)
        text = Markup(
            '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title} · {shop}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/assets/favicon.svg">'
            '<script src="/assets/pages.js?v={v}"></script><link rel="stylesheet" href="/assets/pages.css?v={v}">'
            '<link rel="stylesheet" href="/assets/plan-editor.css?v={v}"><script id="words" type="application/json">{words}</script></head>'
            '<body class="editor">'
            '<header><a class="button" href="/settings">{back}</a><h1>{title}</h1><div id="dock">'
            '<div id="notes" role="status" aria-live="polite"></div><div class="bar" id="tools"></div></div></header>'
            '<main id="main"><section class="card" id="floor"><div class="bar" id="look"></div><div id="view" tabindex="-1"></div>'
            '<div class="bar" id="pad"></div><p class="small soft" id="help"></p></section>'
            '<section class="card" id="panel"></section><section class="card" id="history"></section></main>'
            '<script src="/assets/plan-view.js?v={v}"></script><script src="/assets/plan-editor.js?v={v}"></script></body></html>'
        ).format(
            lang=reader.html_language, title=reader.t("Planogram"), shop=self._desk.profile.name, v=self._version,
            words=Markup(msgspec.json.encode(words(reader)).decode().replace("<", "\\u003c")), back=reader.t("Back to Settings"),
        )  # fmt: skip
        return HTMLResponse(str(text), headers={"Cache-Control": "no-cache", "Vary": "Cookie"})

    async def current(self, request: Request) -> Response:
        """The planogram in force, and the versions before it."""
        reader = self._reader_of(request)

        def read() -> dict[str, Any]:
            now_ms = self._desk.now_ms()
            with self._desk.views.reading() as reading:
                plan = reading.planogram
                versions = reading.planogram_versions()
            history = [
                {"journal_id": one.journal_id, "version": one.version, "bays": one.bays, "at": reader.moment(one.at_ms, now_ms)}
                for one in versions
            ]
            seen = versions[0].journal_id if versions else 0
            return {"plan": None if plan is None else msgspec.Raw(codec.encode(plan)), "seen": seen, "history": history}

        try:
            return Response(msgspec.json.encode(await run_in_threadpool(read)), media_type="application/json", headers=_FRESH)
        except LedgerUnreadable as error:
            return JSONResponse({"problems": [str(error)]}, status_code=503)

    async def check(self, request: Request) -> Response:
        """Say what is wrong with a planogram, or else what its scales will not be able to tell apart; nothing is booked."""
        try:
            plan = await _plan_of(request)
        except WireError as error:
            return self._answer(request, [str(error)])
        problems = planogram_problems(plan)
        advice = [] if problems else await run_in_threadpool(alike_sentences, self._reader_of(request), plan)
        return self._answer(request, problems, advice=advice)

    async def force(self, request: Request) -> Response:
        """Put a planogram in force as the next version, unless another was meanwhile; answers its number, or what is wrong."""
        try:
            plan = await _plan_of(request)
        except WireError as error:
            return self._answer(request, [str(error)])
        return await self._put(plan, request)

    async def back(self, request: Request) -> Response:
        """Put an earlier version in force again, as the next one."""
        told = request.query_params.get("journal_id", "")

        def read() -> Planogram | None:
            with self._desk.views.reading() as reading:
                return reading.planogram_of(int(told)) if told.isdecimal() else None

        plan = await run_in_threadpool(read)
        if plan is None:
            return JSONResponse({"problems": [self._reader_of(request).t("There is no such version.")]}, status_code=404)
        return await self._put(plan, request)

    async def _put(self, plan: Planogram, request: Request) -> Response:
        reader = self._reader_of(request)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return self._answer(request, ["only the hub's own pages may do this"], status=403)
        versions = await run_in_threadpool(self._versions)
        if str(versions[0].journal_id if versions else 0) != request.headers.get("x-seen", ""):
            told = reader.t("Another version was put in force meanwhile. Load the page again and repeat your change.")
            return JSONResponse({"problems": [told]})
        next_version = 1 + max((one.version for one in versions), default=0)
        payload = codec.encode(msgspec.structs.replace(plan, version=next_version))
        try:
            await asyncio.wait_for(asyncio.wrap_future(self._desk.submit(BookPlanogram(payload))), ANSWER_WITHIN_S)
        except PlanogramInvalid as error:
            return self._answer(request, error.problems)
        except TimeoutError:
            return JSONResponse(
                {"problems": [reader.t("The hub did not answer in time. The list shows whether it was booked.")]}, status_code=503
            )
        except HubError as error:
            return self._answer(request, [str(error)], status=503)
        return JSONResponse({"problems": [], "version": next_version})

    def _answer(self, request: Request, problems: list[str], *, advice: Sequence[str] = (), status: int = 200) -> Response:
        """What is wrong, in the words of who asks; and what would be better, if nothing is."""
        reader = self._reader_of(request)
        return JSONResponse({"problems": [reader.say(problem) for problem in problems], "advice": list(advice)}, status_code=status)

    def _versions(self) -> list[Any]:
        with self._desk.views.reading() as reading:
            return list(reading.planogram_versions())


_FRESH = {"Cache-Control": "no-store"}


async def _plan_of(request: Request) -> Planogram:
    """Raises WireError: it cannot be read as a planogram."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise WireError(f"the planogram is above {BODY_BYTES_MAX} bytes")
    plan = codec.plans.decode(bytes(body))
    if not isinstance(plan, Planogram):
        raise WireError(f"this is a {type(plan).__name__}, not a planogram")
    return plan


def words(reader: Reader) -> dict[str, str]:
    """The words that the page needs."""
    return {
        "undo": reader.t("Undo"),
        "redo": reader.t("Redo"),
        "check": reader.t("Check"),
        "force": reader.t("Put in force"),
        "well": reader.t("Nothing contradicts itself."),
        "done": reader.t("Version {version} is in force."),
        "changed": reader.t("Changed, not yet in force."),
        "pick": reader.t("Choose a bay on the plan to say what stands in it."),
        "none": reader.t("This shop has no planogram yet. Give it one with: store-hub init --planogram FILE"),
        "add_bay": reader.t("New bay"),
        "add_shelf": reader.t("New shelf"),
        "add_facing": reader.t("Put an article here"),
        "remove_bay": reader.t("Remove the bay"),
        "remove": reader.t("Remove"),
        "name": reader.t("Name"),
        "x": reader.t("from the left, m"),
        "y": reader.t("from the top, m"),
        "width": reader.t("width, m"),
        "depth": reader.t("depth, m"),
        "faces": reader.t("shoppers stand"),
        "north": reader.t("above"),
        "south": reader.t("below"),
        "east": reader.t("right"),
        "west": reader.t("left"),
        "shelf": reader.t("Shelf {level}"),
        "weighed": reader.t("on a scale"),
        "article": reader.t("Article"),
        "capacity": reader.t("fit"),
        "low": reader.t("call at"),
        "from": reader.t("from, m"),
        "history": reader.t("Versions"),
        "version": reader.t("version {version}, {bays} bays, {at}"),
        "in_force": reader.t("in force"),
        "put_back": reader.t("Put back"),
        **_view_words(reader),
        "help": reader.t("Drag to move, the corner to resize; arrow keys move by 5 cm, with Shift by 50 cm."),
    }


def _view_words(reader: Reader) -> dict[str, str]:
    """The words of what finds, shows and moves bays without a mouse."""
    return {
        "floor": reader.t("Plan of the floor"),
        "bay": reader.t("Bay"),
        "pick_bay": reader.t("Choose a bay"),
        "closer": reader.t("Closer"),
        "farther": reader.t("Farther away"),
        "all": reader.t("The whole shop"),
        "pace": reader.t("One press"),
        "to_left": reader.t("Move left"),
        "to_right": reader.t("Move right"),
        "to_top": reader.t("Move up"),
        "to_bottom": reader.t("Move down"),
        "wider": reader.t("Wider"),
        "narrower": reader.t("Narrower"),
        "deeper": reader.t("Deeper"),
        "shallower": reader.t("Less deep"),
        "help_touch": reader.t("Tap a bay, then drag it; the corner resizes. Two fingers zoom; arrows move by what is chosen beside them."),
    }
