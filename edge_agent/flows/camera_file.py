"""A camera's keys in a TOML file, as the aiming page draws and writes them."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, structs

from edge_agent.config import CameraConfig, FloorConfig, FloorPointConfig, LineConfig, load_part
from edge_agent.errors import ConfigurationInvalid, EdgeError
from edge_agent.floor_config import FloorZoneConfig
from edge_agent.flows.camera_rules import door_lines, floor_plane
from edge_agent.picture_areas import MaskConfig
from edge_agent.toml_edit import replace_file
from edge_agent.toml_lists import ListOf, with_lists
from toml_settings import Place

PIXEL_DECIMALS, METRE_DECIMALS = 1, 3


class Drawing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is drawn over a camera's picture; the lists replace those of the file."""

    lines: Annotated[list[LineConfig], Meta(max_length=50)]
    points: Annotated[list[FloorPointConfig], Meta(max_length=200)]
    zones: Annotated[list[FloorZoneConfig], Meta(max_length=100)] = []
    masks: Annotated[list[MaskConfig], Meta(max_length=100)] = []


class FileChanged(EdgeError):
    """Somebody else has changed the file meanwhile."""

    exit_code = 2

    def __init__(self, *, path: str) -> None:
        super().__init__(f"{path} was changed since the page read it; nothing was written: load it anew and draw again")
        self.path = path


class CameraFile:
    """Reads and writes one camera of a file.

    Args:
        path: a device's file, or one camera's keys.
        name: which camera, where a device's file has several.

    Raises:
        ConfigurationInvalid: no such file or camera, or the file is wrong.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path = path
        self._name = name
        self.read()

    def read(self) -> None:
        """Read it, anew.

        Raises:
            ConfigurationInvalid: see above.
        """
        self.config = load_part(self.path, CameraConfig, name=self._name)
        self._text = self.path.read_bytes().decode("utf-8")
        self.place = _place(tomllib.loads(self._text), self.config.area_id)

    @property
    def floor_by(self) -> str:
        """How the floor is calibrated: `points` (also when it is not yet), or by the file's other key, which the page leaves alone."""
        floor = self.config.floor
        if floor is None:
            return "points"
        return next((key for key in ("tsai_file", "tile") if getattr(floor, key, None) is not None), "points")

    def drawing(self) -> Drawing:
        """What the file says."""
        points = self.config.floor.points if self.config.floor is not None else []
        return Drawing(lines=self.config.lines, points=points, zones=self.config.zones, masks=self.config.masks)

    def floor_with(self, points: Sequence[FloorPointConfig]) -> FloorConfig:
        """The camera's floor with these points."""
        return structs.replace(self.config.floor or FloorConfig(), points=list(points))

    def save(self, drawing: Drawing) -> None:
        """Check a drawing and write it; comments, order and spacing of the file stay.

        Raises:
            ConfigurationInvalid: the file would not be right with it, or cannot be edited safely or written. Nothing was written.
            FileChanged: somebody else has written it meanwhile.
        """
        text = self.checked(drawing)
        try:
            if self.path.read_bytes().decode("utf-8") != self._text:
                raise FileChanged(path=str(self.path))
            replace_file(self.path.resolve(), text)
        except (OSError, UnicodeDecodeError) as error:
            problem = f"cannot be changed ({getattr(error, 'strerror', None) or error}); nothing was written"
            raise ConfigurationInvalid(path=str(self.path), field="file", problem=problem) from None
        self.read()

    def checked(self, drawing: Drawing) -> str:
        """What the file would say.

        Raises:
            ConfigurationInvalid: it would not be right.
        """
        if drawing.points and self.floor_by != "points":
            problem = f"the floor is calibrated by {self.floor_by}; remove that key first to use points"
            raise ConfigurationInvalid(path=str(self.path), field="floor.points", problem=problem)
        text = with_lists(self.path, self._text, self._lists(drawing))
        config = load_part(self.path, CameraConfig, name=self._name, text=text)
        door_lines(config.lines)
        floor_plane(config.floor)
        return text

    def _lists(self, drawing: Drawing) -> list[ListOf]:
        said = tomllib.loads(self._text)
        for part in self.place:
            said = said[part]  # type: ignore[index]  # a Place mixes keys and positions
        lists = [ListOf(self.place, "lines", _merged(said.get("lines", []), drawing.lines, "door_id"), "door_id")]
        if self.floor_by == "points":
            lists.append(ListOf((*self.place, "floor"), "points", [_table(point) for point in drawing.points]))
        lists.append(ListOf(self.place, "zones", _merged(said.get("zones", []), drawing.zones, "zone_id"), "zone_id"))
        return [*lists, ListOf(self.place, "masks", _merged(said.get("masks", []), drawing.masks, "name"), "name")]


def _place(content: Mapping[str, Any], area_id: str) -> Place:
    if "cameras" not in content:
        return ()
    return ("cameras", next(number for number, table in enumerate(content["cameras"]) if table["area_id"] == area_id))


def _merged(old: Sequence[Mapping[str, Any]], new: Sequence[msgspec.Struct], named_by: str) -> list[dict[str, Any]]:
    """What the file knows in its order, then what is new; keys that the page does not draw stay as they were."""
    known = {table[named_by]: dict(table) for table in old}
    wanted = {getattr(item, named_by): _table(item, known.get(getattr(item, named_by), ())) for item in new}
    if len(wanted) < len(new):
        return [_table(item) for item in new]  # The check of the whole file says which name is there twice.
    kept = [{**known[name], **wanted[name]} for name in known if name in wanted]
    return [*kept, *(table for name, table in wanted.items() if name not in known)]


def _table(item: msgspec.Struct, known: Collection[str] = ()) -> dict[str, Any]:
    """A struct as the file writes it: a default that it does not say (`known`) is left out, numbers are rounded as fingers are."""
    table: dict[str, Any] = {}
    for field in structs.fields(item):
        value = getattr(item, field.name)
        if field.default is msgspec.NODEFAULT or value != field.default or field.name in known:
            table[field.name] = _rounded(value, METRE_DECIMALS if field.name.endswith("_m") else PIXEL_DECIMALS)
    return table


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, float):
        return round(value, decimals)
    if isinstance(value, list | tuple):
        return [_rounded(inner, decimals) for inner in value]
    return value
