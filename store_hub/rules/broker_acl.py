"""Writes the broker's access list and settings: a device says its own and hears its own, the hub hears all of its store.

Mosquitto gives each connection the name in its certificate; what no line allows is refused. Taking a device's lines away silences it at
once, even on a connection that stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from wire_format import topics

Access = Literal["read", "write"]

HUB_USER = "hub:main"
"""The hub's name at the broker. No device can have it: an identifier holds no colon."""

NODE_TOPICS = "shelf-nodes"


def access_list(store_id: str, devices: Mapping[str, Sequence[str]], *, nodes: Mapping[str, str] | None = None, extra: str = "") -> str:
    """Return the file.

    Args:
        devices: of each device that is trusted now, the outboxes it has shown to be its own.
        nodes: of each shelf node (an ESP32), the device that reads its counts.
        extra: lines of the shop's own, for what does not join by a code.
    """
    lines = [
        "# Made by store-hub; written anew whenever a device joins or is revoked. Lines of your own belong into acl.local beside it.",
        "",
        f"user {HUB_USER}",
        f"topic readwrite stores/{store_id}/v1/#",
        "topic write homeassistant/#",
        "topic read $SYS/broker/log/#",
    ]
    for device_id, outboxes in sorted(devices.items()):
        read = [f"{NODE_TOPICS}/{node}/#" for node, reader in sorted((nodes or {}).items()) if reader == device_id]
        lines += ["", *_device(store_id, device_id, outboxes), *(f"topic read {topic}" for topic in read)]
    for node in sorted(nodes or {}):
        lines += ["", f"user {node}", f"topic write {NODE_TOPICS}/{node}/#"]
    return "\n".join([*lines, "", extra.strip(), ""])


def _device(store_id: str, device_id: str, outboxes: Sequence[str]) -> list[str]:
    says = [topics.health(store_id, device_id)]
    hears = [
        topics.configuration(store_id, device_id),
        topics.software(store_id, device_id),
        topics.log(store_id, device_id),
        topics.shelf_light_filter(store_id, device_id),
        topics.calibration_filter(store_id, device_id),
    ]
    for outbox_id in outboxes:
        says += [topics.seen(store_id, outbox_id, 0).rsplit("/", 1)[0] + "/+", topics.clock(store_id, outbox_id)]
        hears.append(topics.booked(store_id, outbox_id))
    return [f"user {device_id}", *(f"topic write {topic}" for topic in says), *(f"topic read {topic}" for topic in hears)]


def allows(lines: str, user: str, access: Access, wanted: str) -> bool:
    """Whether a broker with these lines of an access list would read all of a topic filter out to a user, or take what a user says on it.

    Mosquitto itself takes any subscription and any last will, and keeps what the list does not allow to itself.
    """
    allowed, whose = [], ""
    for line in lines.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "user":
            whose = rest.strip()
        elif (word == "topic" and whose == user) or word == "pattern":
            granted, _, topic = rest.strip().partition(" ")
            if granted not in ("read", "write", "readwrite", "deny"):
                granted, topic = "readwrite", rest
            if granted in (access, "readwrite"):
                allowed.append(topic.strip().replace("%u", user))
    if wanted.startswith("$share/"):
        wanted = wanted.split("/", 2)[-1]
    return any(_covers(one.split("/"), wanted.split("/")) for one in allowed)


def _covers(allowed: list[str], wanted: list[str]) -> bool:
    for place, level in enumerate(allowed):
        if level == "#":
            return not (place == 0 and wanted[0].startswith("$"))
        if place >= len(wanted) or wanted[place] == "#" or (level not in ("+", wanted[place])):
            return False
    return len(allowed) == len(wanted)


def broker_settings(folder: str, *, port: int, host: str = "", node_port: int | None = None) -> str:
    """Return Mosquitto's configuration for a broker whose files are in `folder`. Without a host it listens on every address.

    Shelf nodes have a port of their own, because their TLS may be one version older than what all others are held to.
    """
    return f"""\
# Made by store-hub init, for Mosquitto 2.0.11 or newer; change nothing here.
per_listener_settings false
# Both sides show a certificate of this shop's authority; the device's name is the one in its certificate.
{_listener(folder, port, host, "tlsv1.3")}{"" if node_port is None else _listener(folder, node_port, host, "tlsv1.2")}
allow_anonymous false
acl_file {folder}/acl
# A stolen device must not fill the memory: no letter of ours comes near a megabyte, and nothing waits for who is away.
max_packet_size 1048576
# Letters and the hub's word are small: none waits for the one before it to be confirmed.
set_tcp_nodelay true
max_inflight_messages 200
# Every device may have a thousand letters on the way to the hub; when all come back at once, none must be lost here and asked for again.
max_queued_messages 100000
max_queued_bytes 33554432
persistent_client_expiration 1h
# What it refuses is told on $SYS, which the hub alone may hear and writes into its audit log.
log_dest stderr
log_dest topic
log_type error
log_type warning
log_type notice
"""


def _listener(folder: str, port: int, host: str, oldest: str) -> str:
    return f"""
listener {port}{" " + host if host else ""}
cafile {folder}/authority.crt
certfile {folder}/broker.pem
keyfile {folder}/broker.pem
crlfile {folder}/revoked.pem
tls_version {oldest}
require_certificate true
use_identity_as_username true
"""
