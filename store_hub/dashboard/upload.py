"""A place to choose or drop a file on a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import UploadEventArguments

from store_hub.dashboard.reader import Reader

BYTES_MAX = 5_000_000


class FileField(ui.upload, component="file_field.js"):
    """The library's upload behind a plain labelled field: its own nests one in a button, which no screen reader can name."""


def upload_file(reader: Reader, label: str, hear: Callable[[str, bytes], Awaitable[None]], ask: Callable[[], object] | None = None) -> None:
    """Make one; `hear(name, content)` gets each file, as soon as it is chosen. `ask` draws what must be known of it before."""
    too_large = reader.t("Not sent: the file has more than {megabytes} MB.", megabytes=BYTES_MAX // 1_000_000)

    async def take(event: UploadEventArguments) -> None:
        if event.file.size() <= BYTES_MAX:  # The field says so itself; another program would not ask it.
            await hear(event.file.name, await event.file.read())

    with ui.element("section").classes("card upload"):
        described = ui.label(label).classes("small soft")
        if ask is not None:
            ask()
        field = FileField(on_upload=take, max_file_size=BYTES_MAX, auto_upload=True, label=reader.t("Choose a file"))
        field.props["described-by"] = described.html_id
        field.props["too-large"], field.props["sending"] = too_large, reader.t("Sending …")
        field.props["failed"] = reader.t("Not sent: the hub did not answer. Choose the file again.")
