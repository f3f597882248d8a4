"""A planner's doors to trials of layouts."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from cloud_api.adapters.tokens import Tokens
from cloud_api.flows.layout_planning import MOVES_MAX
from cloud_api.flows.trials import PAIRS_MAX, WEEKS, TrialDesign, TrialList, Trials
from cloud_api.routes.bodies import described, spoken
from cloud_api.routes.callers import Callers

Weeks = Annotated[int, Query(ge=2, le=26)]
Pairs = Annotated[int, Query(ge=1, le=200)]


class TrialBegun(msgspec.Struct, frozen=True, kw_only=True):
    """The trial that was begun."""

    trial_id: str


def trial_routes(*, trials: Trials, tokens: Tokens) -> APIRouter:
    """The doors under `/v1/trials`."""
    router = APIRouter(prefix="/v1/trials", tags=["planner"])

    caller = Callers(tokens)

    @router.get("", summary="Trials and what they show; what a point of the layout's score is worth", **described(TrialList))
    def get_trials(request: Request) -> Response:
        caller(request).require_reader(None)
        return spoken(trials.trials())

    @router.get("/design", summary="What a trial would find, stated beforehand; begins nothing", **described(TrialDesign))
    def get_design(request: Request, weeks: Weeks = WEEKS, pairs: Pairs = PAIRS_MAX) -> Response:
        caller(request).require_reader(None)
        return spoken(trials.design(weeks=weeks, pairs=pairs))

    @router.post("", summary="Begin a trial on the Monday after next", **described(TrialBegun))
    def begin(
        request: Request, weeks: Weeks = WEEKS, pairs: Pairs = PAIRS_MAX, moves: Annotated[int, Query(ge=2, le=400)] = MOVES_MAX
    ) -> Response:
        caller.to_change(request, "trials")
        return spoken(TrialBegun(trial_id=trials.begin(weeks=weeks, pairs=pairs, moves_max=moves)))

    @router.post("/{trial_id}/stop", summary="End a trial before its time; it then claims nothing", **described(TrialList))
    def stop(request: Request, trial_id: str) -> Response:
        caller.to_change(request, "trials")
        trials.stop(trial_id)
        return spoken(trials.trials())

    return router
