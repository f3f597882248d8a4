"""The hub's own belief, run over a recording's settled weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from store_hub.flows.infer import InferenceInputInvalid, infer

PLAN = """{"shelves": {"s1": {"counts_per_gram": 1, "tare_counts": 0,
  "skus": {"cola": {"unit_weight_g": 330.0, "start_units": 5, "capacity_units": 9}}}}}"""
SETTLED = [
    '{"t_s": 1.0, "shelf_id": "s1", "weight_g": 1652.0, "spread_g": 0.3, "moved_at_s": null, "temperature_c": 21.0, "drift_g": 0.0}',
    '{"t_s": 9.0, "shelf_id": "s1", "weight_g": 992.1, "spread_g": 0.4, "moved_at_s": 7.5}',
    '{"t_s": 19.0, "shelf_id": "s1", "weight_g": 1322.4, "spread_g": 0.4, "moved_at_s": 17.5}',
]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(PLAN)
    return path


def run(plan: Path, settled: list[str], *, till: Path | None = None, final: bool = False, shelf: str = "s1") -> list[str]:
    rows: list[str] = []
    infer(plan, shelf, settled, till, final, rows.append)
    return rows


def test_events_are_told_as_csv(plan: Path) -> None:
    assert run(plan, SETTLED) == ["t_s,sku,units", "9.0,cola,-2", "19.0,cola,1"]


def test_the_closing_units_come_with_their_interval(plan: Path) -> None:
    assert run(plan, SETTLED, final=True) == ["sku,units,low,high", "cola,4.00,4,4"]


def test_no_weights_at_all_leave_the_plans_stock(plan: Path) -> None:
    assert run(plan, []) == ["t_s,sku,units"]
    assert run(plan, [], final=True) == ["sku,units,low,high", "cola,5.00,5,5"]


@pytest.mark.parametrize(
    ("settled", "says"),
    [(["not json"], "settled weights:1"), ([*SETTLED, '{"t_s": 20.0}'], "settled weights:4"), (['{"t_s": "x", "weight_g": 1}'], "t_s")],
)
def test_broken_weights_are_refused_with_their_line(plan: Path, settled: list[str], says: str) -> None:
    with pytest.raises(InferenceInputInvalid, match=says):
        run(plan, settled)


def test_a_wrong_plan_or_shelf_is_refused(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(InferenceInputInvalid, match="the plan has: s1"):
        run(plan, SETTLED, shelf="s2")
    with pytest.raises(InferenceInputInvalid, match="cannot be read"):
        run(tmp_path / "nowhere.json", SETTLED)
    plan.write_text(PLAN.replace("330.0", "0"))
    with pytest.raises(InferenceInputInvalid, match="cola: unit_weight_g"):
        run(plan, SETTLED)


def test_a_broken_till_list_is_refused_with_its_line(plan: Path, tmp_path: Path) -> None:
    till = tmp_path / "till.csv"
    till.write_text("t_s,sku,units\n5.0,cola,1\n6.0,cola,two\n")
    with pytest.raises(InferenceInputInvalid, match=r"till\.csv:3"):
        run(plan, SETTLED, till=till)
    till.write_text("t_s,article\n")
    with pytest.raises(InferenceInputInvalid, match="column sku is missing"):
        run(plan, SETTLED, till=till)


def test_sales_of_other_shelves_on_the_till_list_change_nothing(plan: Path, tmp_path: Path) -> None:
    till = tmp_path / "till.csv"
    till.write_text("t_s,sku,units\n12.0,bread,4\n200.0,cola,1\n")
    assert run(plan, SETTLED, till=till) == run(plan, SETTLED)
