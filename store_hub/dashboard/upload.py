"""A place to drop a file on a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import UploadEventArguments

from store_hub.dashboard.reader import Reader

BYTES_MAX = 5_000_000


def upload_file(reader: Reader, label: str, hear: Callable[[str, bytes], Awaitable[None]], ask: Callable[[], object] | None = None) -> None:
    """Make one; `hear(name, content)` gets each file, as soon as it is chosen. `ask` draws what must be known of it before."""

    async def take(event: UploadEventArguments) -> None:
        await hear(event.file.name, await event.file.read())
        field.reset()

    with ui.element("section").classes("card upload"):
        ui.label(label).classes("small soft")
        if ask is not None:
            ask()
        field = ui.upload(on_upload=take, max_file_size=BYTES_MAX, auto_upload=True, label=reader.t("Choose a file")).props("flat bordered")
