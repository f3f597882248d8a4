"""What the web servers of hub and cloud have in common: signs of life, and patience with visitors who leave."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_manager.notices import ServiceManager

UNANSWERED = "No response returned."


class WatchedServer(uvicorn.Server):
    """uvicorn's server, started again by systemd when it hangs; `on_tick` runs ten times a second on the loop that answers requests."""

    def __init__(self, config: uvicorn.Config, manager: ServiceManager | None = None) -> None:
        super().__init__(config)
        self._manager = manager if manager is not None else ServiceManager()

    async def on_tick(self, counter: int) -> bool:
        """Say that the loop goes round; and, when it first does, that the program is ready."""
        if counter == 0:
            self._manager.ready()
        self._manager.alive()
        should_exit = await super().on_tick(counter)
        if should_exit:
            self._manager.stopping()
        return should_exit


class GoneVisitors:
    """ASGI middleware around pages whose own middleware is Starlette's `BaseHTTPMiddleware`.

    That one raises when the response within it was given up because whoever asked had gone; uvicorn would log a traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; give up in silence where nobody is left to hear."""
        is_gone = False

        async def hear() -> Message:
            nonlocal is_gone
            message = await receive()
            is_gone = is_gone or message["type"] == "http.disconnect"
            return message

        try:
            await self._app(scope, hear, send)
        except RuntimeError as error:
            if not is_gone or str(error) != UNANSWERED:
                raise
