"""A part of a page drawn as markup by the server and changed in place in the browser.

The markup is `markupsafe.Markup`: text from the shop (names, sensors' messages) is escaped where it is put in. Elements with `data-act`
send an act when pressed, elements with `data-input` when typed into. `data-value-of` names a field whose text is added to the value,
`data-values-in` a part of the page whose fields are, as a query string.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from markupsafe import Markup
from nicegui.element import Element
from nicegui.events import GenericEventArguments

OnAct = Callable[[str, str], Awaitable[None]]


class LiveHtml(Element, component="live_html.js"):
    """Shows `markup`; `on_act(act, value)` hears of presses and typing inside it."""

    def __init__(self, markup: Markup = Markup(), *, on_act: OnAct | None = None) -> None:
        super().__init__()
        self._props["markup"] = str(markup)
        if on_act is not None:

            async def hear(event: GenericEventArguments) -> None:
                said = event.args if isinstance(event.args, dict) else {}
                typed = f" {said['typed']}" if "typed" in said else ""
                await on_act(str(said.get("act", "")), str(said.get("value", "")) + typed)

            self.on("act", hear)

    def show(self, markup: Markup) -> None:
        """Change what is shown; nothing is sent when nothing differs."""
        text = str(markup)
        if self._props.get("markup") != text:
            self._props["markup"] = text
            self.update()
