"""A web server whose event loop gives the signs of life: one that hangs is started again."""

from __future__ import annotations

import uvicorn

from service_manager.notices import ServiceManager


class WatchedServer(uvicorn.Server):
    """uvicorn's server; `on_tick` runs ten times a second on the loop that answers requests."""

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
