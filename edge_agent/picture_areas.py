"""The part of a camera's configuration that names areas of its picture: masks, and where to look twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from toml_settings import Place, Positive, Section, Wrong


class MaskConfig(Section, frozen=True, kw_only=True):
    """An area of the picture, pixels, three corners or more: nobody whose feet are in it is told (a mannequin, a screen, the street)."""

    name: str
    points: Annotated[list[tuple[float, float]], Meta(min_length=3)]


class SecondLookConfig(Section, frozen=True, kw_only=True):
    """A rectangle of the picture, pixels, that is searched once more at the detector's full size: the far end of a long room."""

    x1: Annotated[float, Meta(ge=0.0)]
    y1: Annotated[float, Meta(ge=0.0)]
    x2: Positive
    y2: Positive


def look_mistakes(looks: list[SecondLookConfig], place: Place) -> Iterator[Wrong]:
    """Rectangles that are none."""
    for index, look in enumerate(looks):
        if look.x2 - look.x1 < 2 or look.y2 - look.y1 < 2:
            yield Wrong((*place, "second_looks", index), "x1, y1 must be its upper left corner and x2, y2 its lower right one")
