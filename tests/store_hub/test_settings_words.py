"""What is typed on Settings and cannot be is refused in the words of its field, not in those of a checker."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from store_hub.dashboard.reader import Reader
from store_hub.dashboard.settings_forms import FormWrong, alert_rules, place_rule, retention, targets
from store_hub.entries_settings import AlertRules

READER = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR")
CHINESE = Reader(zone=READER.zone, currency="EUR", language="zh")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"low_share": "150"}, "Low from, % of what fits: 95 at most."),
        ({"low_share": "-5"}, "Low from, % of what fits: more than 0."),
        ({"queue_people": "0"}, "Queue from, people: 1 at least."),
        ({"low_minutes": "x"}, "x is no number."),
    ],
)
def test_a_mark_beyond_its_limit_names_its_field_and_the_limit(typed: dict[str, str], said: str) -> None:
    with pytest.raises(FormWrong) as refused:
        alert_rules(READER, typed, AlertRules())
    assert str(refused.value) == said


def test_no_share_is_above_all_and_no_count_is_broken() -> None:
    with pytest.raises(FormWrong, match="Conversion, %: 100 at most"):
        targets(READER, {"conversion": "101"})
    assert targets(READER, {"conversion": "100"})[0].value == 1.0
    with pytest.raises(FormWrong, match="Sales a day: 0 at least"):
        targets(READER, {"revenue": "-1"})
    with pytest.raises(FormWrong, match="Weights of the shelves: give a whole number"):
        retention(READER, {"weights_days": "1.5"})
    with pytest.raises(FormWrong, match="Low from, units: give a whole number"):
        place_rule(READER, {"sku": "cola", "low_units": "2.5"}, {"cola": "cola"}, [])
    with pytest.raises(FormWrong, match="货架重量：至少 1。"):
        retention(CHINESE, {"weights_days": "-4"})
