"""A new configuration is kept once it works, and taken back by itself when it does not: real broker, real hub, real processes."""

from __future__ import annotations

import hashlib

import pytest
from kept_device import KeptDevice

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]


def test_a_configuration_that_works_is_kept(device: KeptDevice) -> None:
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    told = device.booked("configuration_told")
    assert [(message["version"], message["toml"]) for message in told] == [(None, device.toml())]
    better = device.toml(confirm_every_s=60.0)
    device.send_configuration(better, based_on=hashlib.sha256(device.toml().encode()).hexdigest())
    device.wait_told("trying", "confirmed")
    assert device.config.read_text() == better
    device.wait(lambda: len(device.booked("configuration_told")) == 2, "the new file is told")
    assert device.booked("configuration_told")[-1]["version"] == 4
    assert device.state.configuration == 4


def test_a_configuration_that_loses_a_sensor_is_taken_back_and_not_tried_again(device: KeptDevice) -> None:
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    device.send_configuration(device.toml(topic="nodes/s2/raw"))
    *_, taken_back = device.wait_told("trying", "rolled_back", within_s=90)
    assert "shelf drinks" in taken_back["reason"]
    assert device.config.read_text() == device.toml()
    device.kill()  # The hub's wish still lies at the broker.
    device.start()
    device.wait(lambda: len(device.booked("configuration_told")) >= 2, "it is back")
    device.wait_told("trying", "rolled_back")
    assert device.state.is_refused("configuration", "4")


def test_a_power_cut_in_the_middle_of_a_trial_loses_neither_the_old_file_nor_the_trial(device: KeptDevice) -> None:
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    better = device.toml(confirm_every_s=60.0)
    device.send_configuration(better)
    device.wait(lambda: device.state.trial is not None and device.state.trial.starts == 1, "the trial has begun")
    device.kill()
    device.start()
    device.wait(lambda: device.state.configuration == 4, "it is confirmed")
    assert device.config.read_text() == better


def test_a_wrong_configuration_is_not_even_tried(device: KeptDevice) -> None:
    device.start()
    text = device.toml()
    wrong = [
        (text.replace("counts_per_gram = 21.0", 'counts_per_gram = "many"'), None, "counts_per_gram"),
        (text.replace('device_id = "pi-1"', 'device_id = "pi-2"'), None, "device_id is pi-2, but this device is pi-1"),
        (text.replace("[broker]", "[brokre]"), None, "brokre"),
        (device.toml(confirm_every_s=60.0), "0" * 64, "has changed since"),
    ]
    for version, (toml, based_on, _) in enumerate(wrong, start=4):
        device.send_configuration(toml, version=version, based_on=based_on)
        told = device.wait_told(*["refused"] * (version - 3))
    assert all(reason in message["reason"] for message, (_, _, reason) in zip(told, wrong, strict=True))
    assert device.config.read_text() == text
