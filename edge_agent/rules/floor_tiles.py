"""Where people stay: person-seconds in the cells of the floor grid, only those that are not zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wire_format.observations import FloorCell

Floats = npt.NDArray[np.float64]

_INDEX_MAX = 65_535


class FloorTiles:
    """Adds up dwell until it is taken. Feet outside the plan are counted apart: cells left of it or above it do not exist."""

    def __init__(self, cell_size_m: float) -> None:
        assert cell_size_m > 0.0
        self.cell_size_m = cell_size_m
        self._person_s: dict[tuple[int, int], float] = {}
        self._outside_person_s = 0.0

    def stay(self, feet_m: Floats, seconds: float) -> None:
        """Everybody at `feet_m`, (n, 2) metres on the plan, was there for `seconds`."""
        if len(feet_m) == 0 or seconds <= 0.0:
            return
        cells = np.floor(feet_m / self.cell_size_m)
        with np.errstate(invalid="ignore"):
            on_plan = ((cells >= 0) & (cells <= _INDEX_MAX)).all(axis=1)
        self._outside_person_s += seconds * int((~on_plan).sum())
        for column, row in cells[on_plan].astype(int).tolist():
            self._person_s[column, row] = self._person_s.get((column, row), 0.0) + seconds

    def take(self) -> tuple[list[FloorCell], float]:
        """Hand over the cells, row by row, and the person-seconds outside the plan; begin again at nothing."""
        by_row = sorted(self._person_s.items(), key=lambda item: (item[0][1], item[0][0]))
        cells = [FloorCell(column, row, round(person_s, 3)) for (column, row), person_s in by_row]
        outside = self._outside_person_s
        self._person_s, self._outside_person_s = {}, 0.0
        return cells, outside
