"""Days are explained by what is known of them; figures are laid beside targets, and risks come up where their figure says so."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from cloud_api.assemble import Cloud
from cloud_api.rules.chain_figures import Day, Risk, chain_figures, risk_states
from cloud_api.rules.day_findings import ShopDay, estimated_visitors, findings
from cloud_api.rules.footfall_review import Watched
from cloud_api.rules.visit_figures import VisitDay, occupancy, summarise
from wire_format.plans import Door, Planogram, Rectangle, Zone
from wire_format.reports import AnyFact, BasketDay, DeviceFact, DoorQuarter, ReportBatch, SkuDay, StoreProfile, ZoneQuarter

DAY = date(2026, 11, 19)
PLANNER = {"Authorization": "Bearer planner-token-of-mei"}


def shop_day(**known: object) -> ShopDay:
    usual = {"day": DAY, "people_in": 100, "watched_share": 1.0, "matched_in": 100, "usual_in": 210.0, "matched_hours": 10}
    return ShopDay(**{**usual, **known})  # type: ignore[arg-type]  # Given by name.


def test_a_quiet_day_is_a_holiday_noted_or_unknown() -> None:
    assert [each.reason for each in findings([shop_day()])] == ["unknown"]
    assert [each.reason for each in findings([shop_day(notes=("snow",))])] == ["noted"]
    holiday = findings([shop_day(is_holiday=True, notes=("snow",))])[0]
    assert (holiday.reason, holiday.sentence) == ("holiday", "52% fewer visitors than usual: a public holiday")
    assert findings([shop_day(matched_in=205)]) == []


def test_a_counter_that_failed_explains_a_quiet_day_before_anything_else() -> None:
    half = findings([shop_day(watched_share=0.4, is_holiday=True)], troubles=["door-1 has been silent"])[0]
    assert (half.reason, half.sentence) == ("sensor", "the doors counted 40% of the opening hours; door-1 has been silent")
    assert "missing, not zero" in findings([shop_day(people_in=None, watched_share=0.0)])[0].sentence
    blind = findings([shop_day(people_in=100, baskets=140)])[0]
    assert blind.reason == "sensor"
    assert "140 baskets but 100 visitors" in blind.sentence


def test_todays_trouble_is_told_of_the_newest_failure_only() -> None:
    days = [shop_day(day=DAY - timedelta(days=back), watched_share=0.1) for back in range(3)]
    assert ["silent" in each.sentence for each in findings(days, troubles=["door-1 has been silent"])] == [True, False, False]


def hour(number: int, people_in: int | None, people_out: int | None = None, share: float = 1.0) -> Watched:
    return Watched(day=DAY, hour=number, people_in=people_in, people_out=people_out, watched_share=share)


def test_only_missing_hours_are_estimated_and_never_less_than_was_seen() -> None:
    usual = {9: 20.0, 10: 30.0}
    assert estimated_visitors([hour(9, 18), hour(10, None, share=0.0)], usual) == 48.0
    assert estimated_visitors([hour(9, 18), hour(10, 50, share=0.5)], usual) == 68.0
    assert estimated_visitors([hour(9, 18), hour(10, 25)], usual) is None
    assert estimated_visitors([hour(9, None, share=0.0)], usual) is None


def test_the_most_people_inside_at_once() -> None:
    assert occupancy([hour(9, 10, 2), hour(10, 12, 5), hour(11, 0, 20), hour(12, 3, 1)]) == [8, 15, 0, 2]
    assert occupancy([hour(9, 10, 2), hour(10, 12, 5, share=0.4)]) == []


def test_who_passed_by_counts_only_where_the_doors_counted_too() -> None:
    days = [
        VisitDay(day=DAY, passed_by=300, captured_in=60, stay_person_s=6000.0, stayed=100, most_inside=9, mean_inside=4.0),
        VisitDay(day=DAY + timedelta(days=1), passed_by=100, captured_in=None, stay_person_s=900.0, stayed=0, most_inside=12),
        VisitDay(day=DAY + timedelta(days=2), passed_by=100, captured_in=40),
    ]
    found = summarise(days)
    assert (found.passed_by, found.capture_share, found.captured_days) == (400, 0.25, 2)
    assert (found.stay_s, found.stay_days, found.mean_inside) == (60.0, 1, 4.0)
    assert (found.most_inside, found.most_inside_on) == (12, DAY + timedelta(days=1))
    assert summarise([VisitDay(day=DAY, passed_by=5, captured_in=9)]).capture_share is None, "a line that misses people tells no share"
    assert summarise([]).passed_by is None


def day(store_id: str, at: date, **known: object) -> Day:
    usual = {"revenue_minor": 1000, "units_lost": 2, "known_articles": 10, "out_of_stock_min": 144.0, "people_in": 50, "baskets": 20}
    return Day(store_id=store_id, day=at, **{**usual, **known})  # type: ignore[arg-type]  # Given by name.


def test_figures_stand_beside_the_days_before_and_a_shops_own_target_goes_first() -> None:
    days = [day("a", DAY), day("a", DAY - timedelta(days=1), people_in=100), day("b", DAY, people_in=None, baskets=40)]
    chain, first, second = chain_figures(
        days, first=DAY, last=DAY, targets={("*", "conversion"): 0.5, ("a", "conversion"): 0.3, ("*", "empty_share"): 0.02}
    )
    assert (first.figures["conversion"].value, first.figures["conversion"].before) == (0.4, 0.2)
    assert (first.figures["conversion"].state, chain.figures["conversion"].state) == ("well", "missed")
    assert (second.figures["conversion"].value, second.figures["conversion"].state) == (None, "unknown")
    assert chain.figures["basket_value"].value == pytest.approx(2000 / 60)
    assert chain.figures["visitors_a_day"].value == 50
    assert (first.figures["empty_share"].value, first.figures["empty_share"].state) == (0.01, "well")


def test_a_risk_comes_up_in_the_shops_whose_figure_says_so() -> None:
    days = [day("a", DAY, out_of_stock_min=1440.0), day("b", DAY), day("c", DAY, known_articles=0)]
    figures = chain_figures(days, first=DAY, last=DAY, targets={})
    calm = Risk(name="Few visitors", figure="visitors_a_day", way="below", value=10.0, owner="Li", plan="Ring the shop")
    empty = Risk(name="Empty shelves", figure="empty_share", way="above", value=0.05, owner="Ana", plan="Look at the supplier")
    states = risk_states([("1", calm), ("2", empty)], figures)
    assert [(state.risk_id, state.shops) for state in states] == [("2", ["a"]), ("1", [])]


def street_plan() -> Planogram:
    """A shop with a line along the pavement, one zone for shoppers and a store room."""
    floor, room = Rectangle(x_m=0, y_m=0, width_m=4, depth_m=4), Rectangle(x_m=4, y_m=0, width_m=2, depth_m=4)
    pavement = Door(door_id="pavement", name="Pavement", x1_m=1, y1_m=4, x2_m=1, y2_m=6, kind="street")
    return Planogram(
        store_id="shop-1", name="=Berlin", time_zone="Europe/Berlin", width_m=6, depth_m=4, bays=[], products=[], doors=[pavement],
        zones=[Zone(zone_id="floor", name="Floor", place=floor), Zone(zone_id="store-room", name="Room", kind="back_room", place=room)],
        latitude_deg=52.5, longitude_deg=13.4,
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(cloud: Cloud, client: TestClient) -> TestClient:
    """A shop in Berlin with three days on record: one whole, one with a dead counter, and a holiday."""
    facts: list[AnyFact] = []
    for at in (date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)):
        for hour_of_day in range(8, 20):
            for part in range(4):
                if at.day == 2 and hour_of_day > 10:
                    continue
                started = datetime(at.year, at.month, at.day, hour_of_day, 15 * part, tzinfo=UTC)
                facts.append(
                    DoorQuarter(sequence=len(facts) + 1, quarter_started_at_ms=int(started.timestamp() * 1000), door_id="main",
                                people_in=5, people_out=5, observed_min=15.0)
                )  # fmt: skip
                for zone_id, stay, entries in (("pavement", 0.0, 25), ("floor", 300.0, 5), ("store-room", 9000.0, 1)):
                    seen = ZoneQuarter(
                        sequence=len(facts) + 1, quarter_started_at_ms=int(started.timestamp() * 1000), zone_id=zone_id,
                        dwell_person_s=stay, entries=entries,
                    )  # fmt: skip
                    facts.append(seen)
        facts.append(BasketDay(sequence=len(facts) + 1, day=at.isoformat(), baskets=60, categories={}, pairs=[]))
        counts = {"units_sold": 9, "units_picked": 9, "units_put_back": 0, "units_received": 0, "units_lost": 0, "revenue_minor": 4200}
        levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units"))
        facts.append(SkuDay(sequence=len(facts) + 1, day=at.isoformat(), sku="cola", **counts, **levels, out_of_stock_min=10.0))
    silent_ms = int(datetime(2026, 10, 2, 11, tzinfo=UTC).timestamp() * 1000)
    device = {"device_id": "door-camera", "state": "death", "last_seen_at_ms": silent_ms, "agent_version": "1", "outbox_depth": 0}
    facts.append(DeviceFact(sequence=len(facts) + 1, **device))  # type: ignore[arg-type]  # Given by name.
    cloud.stores.save_profile(StoreProfile(store_id="shop-1", name="=Berlin", time_zone="Europe/Berlin", currency="EUR"))
    cloud.stores.save_planogram(street_plan())
    cloud.reports.book(ReportBatch(store_id="shop-1", ledger_id="9" * 32, from_sequence=1, to_sequence=len(facts), facts=facts))
    return client


def test_a_shops_days_are_told_with_their_reasons(told: TestClient) -> None:
    answer = told.get("/v1/footfall/days?store=shop-1&from=2026-10-01&to=2026-10-03", headers=PLANNER).json()
    first, broken, holiday = answer["days"]
    assert (first["visitors"], first["conversion"], first["is_holiday"]) == (240, 0.25, False)
    assert (broken["visitors"], broken["conversion"], broken["peak_occupancy"]) == (60, None, None)
    assert holiday["is_holiday"], "the third of October"
    assert (first["passed_by"], first["capture_share"], first["stay_s"]) == (1200, 0.2, 60.0)
    assert (answer["counts_passers_by"], answer["visits"]["passed_by"], answer["visits"]["captured_days"]) == (True, 2700, 3)
    assert [(finding["day"], finding["reason"]) for finding in answer["findings"]] == [("2026-10-02", "sensor")]
    assert "door-camera has been silent since 02.10. 11:00 UTC" in answer["findings"][0]["sentence"]


def test_notes_come_by_hand_and_by_file_and_go_again(told: TestClient) -> None:
    path = "/v1/footfall/notes?from=2026-10-01&to=2026-10-03"
    by_hand = {"notes": [{"store_id": "shop-1", "day": "2026-10-01", "kind": "event", "words": "street fair"}]}
    assert told.post("/v1/footfall/notes", json=by_hand, headers=PLANNER).status_code == 200
    file = "store_id,day,kind,words\n*,2026-10-01,weather,storm\n"
    csv_headers = PLANNER | {"Content-Type": "text/csv"}
    assert told.post("/v1/footfall/notes", content=file, headers=csv_headers).status_code == 200
    assert [note["words"] for note in told.get(path, headers=PLANNER).json()["notes"]] == ["storm", "street fair"]
    days = told.get("/v1/footfall/days?store=shop-1&from=2026-10-01&to=2026-10-01", headers=PLANNER).json()["days"]
    assert days[0]["notes"] == ["storm", "street fair"]
    by_hand["notes"][0]["words"] = ""
    told.post("/v1/footfall/notes", json=by_hand, headers=PLANNER)
    assert [note["words"] for note in told.get(path, headers=PLANNER).json()["notes"]] == ["storm"]
    wrong = told.post("/v1/footfall/notes", content="store_id,day,kind,words\n*,2026-13-01,weather,x\n", headers=csv_headers)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "line 2, day")
    store = {"Authorization": "Bearer store-token-of-shop-1"}
    assert told.post("/v1/footfall/notes", json=by_hand, headers=store).status_code == 403


def test_the_days_are_handed_out_as_csv_and_parquet(told: TestClient) -> None:
    path = "/v1/footfall/export?store=shop-1&from=2026-09-30&to=2026-10-02"
    lines = told.get(path, headers=PLANNER).text.splitlines()
    assert lines[0].startswith("store_id,shop,day,visitors,")
    assert lines[1].startswith("shop-1,'=Berlin,2026-09-30,,0.0,"), "missing is empty, and a name is no formula"
    assert lines[2].startswith("shop-1,'=Berlin,2026-10-01,240,1.0,")
    table = pq.read_table(io.BytesIO(told.get(f"{path}&form=parquet", headers=PLANNER).content))
    assert table["visitors"].to_pylist() == [None, 240, 60]
    assert table["shop"].to_pylist()[0] == "=Berlin"
    assert told.get(path, headers={"Authorization": "Bearer store-token-of-shop-2"}).status_code == 403


def test_targets_and_risks_are_kept_and_looked_after(told: TestClient) -> None:
    path = "/v1/figures?from=2026-10-01&to=2026-10-03"
    assert told.put("/v1/figures/targets", json={"figure": "conversion", "value": 0.5}, headers=PLANNER).status_code == 200
    risk = {"name": "Nobody buys", "figure": "conversion", "way": "below", "value": 0.5, "owner": "Li", "plan": "Look at the queue"}
    written = told.post("/v1/figures/risks", json=risk, headers=PLANNER).json()
    answer = told.get(path, headers=PLANNER).json()
    assert [shop["store_id"] for shop in answer["shops"]] == ["*", "shop-1"]
    assert answer["shops"][1]["figures"]["conversion"]["state"] == "missed"
    assert [(state["risk_id"], state["shops"]) for state in answer["risks"]] == [(written["risk_id"], ["shop-1"])]
    for beyond in (-0.1, 1.5):
        assert told.put("/v1/figures/targets", json={"figure": "conversion", "value": beyond}, headers=PLANNER).json()["field"] == "value"
    assert told.put("/v1/figures/targets", json={"figure": "luck", "value": 1}, headers=PLANNER).json()["field"] == "figure"
    assert told.put("/v1/figures/targets", json={"figure": "conversion", "value": None}, headers=PLANNER).status_code == 200
    assert told.delete(f"/v1/figures/risks/{written['risk_id']}", headers=PLANNER).status_code == 204
    after = told.get(path, headers=PLANNER).json()
    assert (after["risks"], after["shops"][1]["figures"]["conversion"]["target"]) == ([], None)
