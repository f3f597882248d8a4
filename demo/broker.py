"""The demo's broker, on this machine only: Mosquitto where it is installed, else the one in the `iotcore` wheel."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import NoReturn

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {state}/
max_queued_messages 0
set_tcp_nodelay true
log_type error
log_type warning
"""

_RUMQTTD = """\
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 16777216
max_segment_count = 4
[v5.demo]
name = "demo"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.demo.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 100
dynamic_filters = true
"""


def find_mosquitto() -> str | None:
    """Mosquitto's program, if it is installed; Debian keeps it out of an ordinary user's path."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def run_mosquitto(program: str, *, port: int, state: Path) -> NoReturn:
    """Become Mosquitto."""
    configuration = state / "mosquitto.conf"
    lines = _MOSQUITTO.format(port=port, state=state)
    if os.geteuid() == 0:
        lines += "user root\n"  # Otherwise it changes to a user who may not write here.
    configuration.write_text(lines, encoding="utf-8")
    os.execv(program, [program, "-c", str(configuration)])


def run_iotcore(*, port: int, state: Path) -> None:
    """Run rumqttd in this process until stopped. It keeps retained messages only as long as it runs."""
    from iotcore import IotCoreBroker

    # rumqttd traces every packet at error level.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    configuration = state / "rumqttd.toml"
    configuration.write_text(_RUMQTTD.format(port=port), encoding="utf-8")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    IotCoreBroker(config_path=str(configuration)).run_forever()


def main() -> None:
    """Run the broker."""
    parser = argparse.ArgumentParser(prog="python -m demo.broker", description=__doc__, epilog="Example: python -m demo.broker --port 1883")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--state", type=Path, default=Path("var/demo/broker"))
    parser.add_argument("--without-mosquitto", action="store_true", help="use the broker in the wheel even where Mosquitto is installed")
    options = parser.parse_args()
    state = options.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    program = None if options.without_mosquitto else find_mosquitto()
    print(f"broker: {program or 'rumqttd (iotcore)'} on 127.0.0.1:{options.port}", flush=True)
    if program is not None:
        run_mosquitto(program, port=options.port, state=state)
    try:
        run_iotcore(port=options.port, state=state)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
