"""What a rollout over the chain does next, by what its shops say and how long they have been silent."""

from __future__ import annotations

from cloud_api.rules.fleet_rings import ShopAnswer, Step, next_step, plan_rings

RINGS = plan_rings([f"shop-{number}" for number in range(21)], "shop-0")


def said(state: str) -> ShopAnswer:
    return ShopAnswer(state=state, reason="r", devices=2, confirmed=2 * (state == "done"))


def test_rings_grow_and_hold_each_shop_once() -> None:
    assert [len(ring) for ring in RINGS] == [1, 1, 2, 8, 10]
    assert sorted(store for ring in RINGS[1:] for store in ring) == sorted(f"shop-{number}" for number in range(21))


def test_a_ring_is_waited_for_and_then_halts_with_the_names_of_who_has_not_finished() -> None:
    ring = RINGS[3]
    told = {store: said("done") for store in ring[:1]} | {ring[1]: said("running")}
    assert next_step(RINGS, 3, told, waited_h=47.9, wait_max_h=48.0) == Step(kind="wait")
    halted = next_step(RINGS, 3, told, waited_h=48.0, wait_max_h=48.0)
    assert halted.kind == "halt"
    assert f"no answer from {', '.join(ring[2:7])}, 6 shops in all, and not every device keeps it in {ring[1]} after" in halted.reason
    assert next_step(RINGS, 3, {store: said("done") for store in ring}, waited_h=1000.0, wait_max_h=48.0) == Step(kind="next")


def test_a_failure_counts_before_silence() -> None:
    told = {RINGS[3][0]: said("refused")}
    assert next_step(RINGS, 3, told, waited_h=1000.0, wait_max_h=48.0).reason == f"{RINGS[3][0]} refused it: r"
