"""A drawing of a page to take away: a button beside it that saves it as a PNG."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

from nicegui import Client, ui

from cloud_api.dashboard.frame import button, here

_SCRIPT = Path(__file__).with_name("pictures.js")
_able: WeakSet[Client] = WeakSet()
"""Pages that have the script already."""


@contextmanager
def picture(name: str) -> Iterator[None]:
    """What is drawn inside the block as SVG can be saved as `name`.png: in the browser, as it stands on the page."""
    if ui.context.client not in _able:
        _able.add(ui.context.client)
        ui.add_head_html(f"<script>{_SCRIPT.read_text(encoding='utf-8')}</script>")
    with ui.element("div").classes("picture") as place:
        yield
    with ui.element("div").classes("buttons no-print"):
        save = button("PNG", lambda: ui.run_javascript(f"savePicture({json.dumps(place.html_id)}, {json.dumps(name)})"))
        words = here().t("Save this drawing as a picture")
        save.props(f'title="{words}" aria-label="PNG: {words}"')
