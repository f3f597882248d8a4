"""What the pages say and how they look, without a browser: numbers, contrast, heat."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from store_hub.adapters.ledger_views_rows import HeatRow
from store_hub.dashboard.heat import density, heat_picture
from store_hub.dashboard.reader import Reader

DASHBOARD = Path(__file__).parents[2] / "store_hub" / "dashboard"
READER = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR")
AT_MS = 1_795_359_900_000  # Sunday 22 November 2026, 16:05 in Berlin


@pytest.mark.parametrize(
    ("units", "low", "high", "written"),
    [
        (14.2, 14.0, 14.4, "14"),
        (14.0, 13.0, 15.0, "14 ± 1"),
        (14.0, 12.0, 19.0, "14 (12–19)"),
        (3.0, 0.0, 0.0, "≈ 3"),
        (7.0, None, None, "≈ 7"),
        (None, None, None, "?"),
    ],
)
def test_a_stock_is_written_with_its_doubt(units: float | None, low: float | None, high: float | None, written: str) -> None:
    assert READER.units(units, low, high) == written


def test_times_and_money_are_the_shops() -> None:
    assert READER.clock(AT_MS) == "16:05"
    assert READER.day(AT_MS) == "Sunday 22 November"
    assert READER.money(123_450) == "€1,234.50"
    assert Reader(zone=READER.zone, currency="JPY").money(500) == "JP¥500"
    assert READER.span(12 * 60_000) == "12 min"
    assert READER.span(185 * 60_000) == "3 h 5 min"
    assert READER.share(-0.12, decimals=0, signed=True) == "−12%"
    assert READER.share(-0.003, decimals=0, signed=True) == "±0%"


def test_cookies_nobody_of_us_wrote_are_the_default() -> None:
    odd = {"aislewise_language": "../../etc", "aislewise_theme": "<script>", "aislewise_name": " Ana \n Ruiz " + "x" * 99}
    reader = Reader.of(odd, zone=READER.zone, currency="EUR")
    assert (reader.language, reader.theme) == ("en", "auto")
    assert reader.name.startswith("Ana Ruiz x")
    assert len(reader.name) == 40


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1])
def test_words_stand_out_from_what_they_are_written_on(theme: int) -> None:
    """WCAG AA: 4.5 to 1 for text, in light and in dark."""
    blocks = re.findall(r"^:root[^{]*{(.*?)^}", (DASHBOARD / "assets" / "pages.css").read_text(encoding="utf-8"), re.M | re.S)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[theme]))
    pairs = [(ink, paper) for ink in ("ink", "soft", "red", "amber", "blue") for paper in ("card", "ground")]
    pairs += [("ink", paper) for paper in ("fill", "pale", "glass", "red-ground", "amber-ground")] + [
        ("blue", "blue-ground"),
        ("card", "ink"),
    ]
    for ink, paper in pairs:
        darker, lighter = sorted((_luminance(colours[ink]), _luminance(colours[paper])))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, paper)


def test_heat_is_person_seconds_per_square_metre_whatever_the_cell() -> None:
    """One person for a minute in a cell of half a metre, and the same minute spread over a square metre."""
    fine, coarse = HeatRow("a", 500, 0, 0, 60_000), HeatRow("a", 1000, 2, 1, 60_000)
    grid = density([fine, coarse], 4.0, 3.0)
    assert grid.shape == (6, 8)
    assert grid[0, 0] == 240.0
    assert np.all(grid[2:4, 4:6] == 60.0)
    assert grid.sum() == 240.0 + 4 * 60.0


def test_a_floor_where_nobody_stayed_has_no_picture() -> None:
    assert heat_picture([], 4.0, 3.0).data_uri is None


def test_heat_beyond_the_plan_does_not_break_the_picture() -> None:
    assert heat_picture([HeatRow("a", 500, 900, 900, 60_000), HeatRow("a", 500, 1, 1, 60_000)], 4.0, 3.0).data_uri is not None
