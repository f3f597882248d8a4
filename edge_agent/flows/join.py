"""A new device joins the shop: it finds the hub, has it prove itself, and asks for a certificate of its own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.adapters.hub_door import HubDoor, HubRefused, fetch_authority
from edge_agent.adapters.identity import AUTHORITY_FILE, CERTIFICATE_FILE, new_request, write_private
from edge_agent.config import load_config
from edge_agent.errors import ConfigurationInvalid, EdgeError
from edge_agent.toml_edit import write_values
from wire_format.join_code import HUB_NAME, JoinCode, parse_join_code

BEGUN = "# This device, begun by edge-agent join. Say what is connected: see docs/wire-a-scale.md\n"


class CodeInvalid(EdgeError, ValueError):
    """What was typed is no code."""

    exit_code = 2


class JoinedShop(NamedTuple):
    """Who the device is now. `hub` and `broker` are HOST:PORT."""

    device_id: str
    store_id: str
    hub: str
    broker: str


def read_code(text: str) -> JoinCode:
    """Read a code.

    Raises:
        CodeInvalid
    """
    code = parse_join_code(text)
    if code is None:
        raise CodeInvalid("the code is mistyped: it has 32 letters and digits in groups of four; type it as store-hub enrol printed it")
    return code


def find(code: JoinCode) -> str:
    """Look for the hub of a code in the network.

    Raises:
        HubRefused: none announces itself.
    """
    from edge_agent.adapters.hub_finder import FIND_WITHIN_S, find_hub

    try:
        address = find_hub(code.fingerprint)
    except OSError as error:
        raise HubRefused(address="in this network", problem=f"cannot be looked for ({error})", advice="give --hub ADDRESS:8443") from None
    if address is None:
        problem = f"with this fingerprint does not announce itself within {FIND_WITHIN_S:g} s"
        raise HubRefused(address="in this network", problem=problem, advice="give --hub ADDRESS:8443")
    return address


def join(code: JoinCode, *, address: str, folder: Path, config: Path | None) -> JoinedShop:
    """Join. The code is used up only once the hub has proven itself and all else is ready.

    Args:
        folder: where key and certificates go.
        config: the device's file; `[broker]` and names are written into it, or it is begun. None: nothing is written.

    Raises:
        HubUnproven, HubRefused, IdentityUnusable, ConfigurationInvalid
    """
    if config is not None and config.exists():
        load_config(config)  # A file that cannot be read is told before the code is used up.
    authority = folder / AUTHORITY_FILE
    write_private(authority, fetch_authority(address, code))
    request = new_request()
    admitted = HubDoor(address, authority=authority).join(code, request.csr)
    certificate = folder / CERTIFICATE_FILE
    write_private(certificate, request.key + admitted.certificate)
    host = address.rpartition(":")[0].strip("[]")
    if config is not None:
        names = {"store_id": admitted.store_id, "device_id": admitted.device_id}
        broker: dict[str, str | int] = {
            "host": host, "port": admitted.broker_port, "server_name": HUB_NAME, "ca_file": str(authority.resolve()),
            "certificate_file": str(certificate.resolve()), "key_file": str(certificate.resolve()), "hub": address,
        }  # fmt: skip
        _write(config, names, broker, folder)
    return JoinedShop(admitted.device_id, admitted.store_id, address, f"{host}:{admitted.broker_port}")


def _write(config: Path, names: dict[str, str], broker: dict[str, str | int], folder: Path) -> None:
    try:
        if not config.exists():
            config.parent.mkdir(parents=True, exist_ok=True)
            outbox = msgspec.json.encode(str(folder.resolve().parent / "outbox.sqlite")).decode()
            config.write_text(f'{BEGUN}store_id = ""\ndevice_id = ""\n\n[outbox]\npath = {outbox}\n', encoding="utf-8")
    except OSError as error:
        raise ConfigurationInvalid(path=str(config), field="file", problem=f"cannot be written: {error.strerror}") from None
    write_values(config, (), names)
    write_values(config, ("broker",), broker)
