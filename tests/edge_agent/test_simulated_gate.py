"""The simulated shop's front door tells which tags are carried out of it."""

from __future__ import annotations

from pathlib import Path

from edge_agent.config import ReaderConfig
from edge_agent.flows.scan import passing_for
from edge_agent.simulated_store.habits import ROUND_THE_CLOCK_HOURS, ShopHabits
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.tag_radio import TagRadio
from wire_format import codec
from wire_format.plans import Planogram

BEGIN_MS = 1_800_000_000_000


def test_stolen_tags_go_out_of_the_front_door_and_bought_ones_do_not(repository: Path) -> None:
    planogram = codec.plans.decode((repository / "demo" / "planogram.json").read_bytes())
    assert isinstance(planogram, Planogram)
    habits = ShopHabits(steals=0.3, shoppers_per_hour=45, arrivals_by_hour=ROUND_THE_CLOCK_HOURS, opens_hour=0.0, closes_hour=24.25)
    shop = Shop(planogram, seed=7, start_ms=BEGIN_MS, habits=habits)
    radio = TagRadio(shop, seed=7)
    passing = passing_for(ReaderConfig(reader_id="reader-1", host="simulated", antennas=radio.antennas, doors=radio.doors))
    told = []
    for second in range(2400):
        shop.advance(BEGIN_MS + (second + 2) * 1000)
        told += passing.take(
            [r._replace(read_at_ms=r.read_at_ms - BEGIN_MS) for r in radio.reads(BEGIN_MS + second * 1000, BEGIN_MS + (second + 1) * 1000)],
            (second + 1) * 1000,
        )
    stolen = {(event.epc, (event.at_ms - BEGIN_MS) // 1000) for event in shop.truth.events if event.kind == "theft" and event.epc}
    out = [(passed.epc, passed.at_ms // 1000) for passed in told if (passed.door_id, passed.direction) == ("front-door", "out")]
    hits = sum(any(epc == thing and abs(at_s - when_s) <= 10 for thing, when_s in stolen) for epc, at_s in out)
    print(f"{hits} of {len(stolen)} stolen tags told, {len(out) - hits} others told to be out")
    assert len(stolen) >= 10
    assert hits >= 0.8 * len(stolen)
    assert len(out) - hits <= 1
