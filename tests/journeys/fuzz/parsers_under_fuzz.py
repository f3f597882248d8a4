"""Feeds hostile bytes to everything that reads bytes from outside: `parsers_under_fuzz.py NAME [--runs 20000] [--seed 0]`.

With `atheris` installed the bytes are led by coverage; without it they are seeded mutations of good ones. Either way a parser may refuse
with its own error, and nothing else; what went wrong is printed with the bytes, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
DEFAULT_RUNS = 20_000
BYTES_MAX = 4_096


class Parser(NamedTuple):
    """What reads bytes, the errors with which it may refuse them, and good bytes to begin with."""

    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    good: list[bytes]


def letters() -> Parser:
    """Everything that comes over MQTT and HTTP as a message of ours, and the topics it comes with."""
    from wire_format import codec, topics
    from wire_format.errors import WireError

    readers = (codec.observations, codec.device_health, codec.clock_readings, codec.commands, codec.plans, codec.report_batches)

    def read(data: bytes) -> None:
        for reader in readers:
            try:
                codec.encode(reader.decode(data))
            except WireError:
                continue
        topics.parse_seen(data.decode("utf-8", "replace"))

    good = [path.read_bytes() for path in sorted((REPOSITORY / "wire_format" / "golden").glob("v*/*.json"))]
    return Parser(read, (WireError,), [*good, topics.seen("corner", "0" * 32, 7).encode()])


def mqtt() -> Parser:
    """What a broker, or whoever stands in its place, sends to the hub."""
    import socket

    import mqtt5

    from store_hub.adapters.mqtt_connection import ConnectionGone, MqttConnection

    def read(data: bytes) -> None:
        ours, theirs = socket.socketpair()
        connection = MqttConnection(ours, keepalive_s=30)
        try:
            theirs.sendall(data)
            for _ in range(3):
                connection.turn(0.0)
        finally:
            connection.close()
            theirs.close()

    publish = mqtt5.PublishPacket(
        "stores/corner/v1/seen/0/1", b'{"v":1}', qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=7, user_properties=[("a", "b")]
    )
    return Parser(
        read, (ConnectionGone,), [publish.write(), publish.write() * 3, mqtt5.PingRespPacket().write(), mqtt5.PubAckPacket(3).write()]
    )


def outbox() -> Parser:
    """An outbox file of which pieces were overwritten: it is taken or set aside, and goes on."""
    from edge_agent.adapters.outbox import Outbox
    from edge_agent.errors import OutboxUnusable
    from wire_format.observations import ShelfWeight

    def weight(number: int) -> ShelfWeight:
        whose = {"device_id": "pi", "boot_id": "00c0ffee", "monotonic_ms": number, "observed_at_ms": number}
        return ShelfWeight(**whose, shelf_id="s", weight_g=1.0, spread_g=1.0)

    folder = tempfile.mkdtemp(prefix="aislewise-fuzz-")
    sound = Path(folder) / "sound.sqlite"
    box = Outbox(sound, capacity=500)
    box.put_all([weight(number) for number in range(60)])
    box.take(0, 20)
    box.close()
    content = sound.read_bytes()

    def read(data: bytes) -> None:
        path = Path(folder) / "outbox.sqlite"
        for stale in Path(folder).glob("outbox.sqlite*"):
            stale.unlink()
        spoilt = bytearray(content)
        for at in range(0, len(data) - 5, 6):  # A place and three bytes.
            place = int.from_bytes(data[at : at + 3], "big") % len(spoilt)
            spoilt[place : place + 3] = data[at + 3 : at + 6][: len(spoilt) - place]
        path.write_bytes(spoilt)
        again = Outbox(path, capacity=500)
        try:
            again.put(weight(999))
            last = again.take(0, 1_000)[-1]
            again.forget_through(last.sequence)
        finally:
            again.close()

    return Parser(
        read, (OutboxUnusable,), [bytes(6), b"\x00\x10\x00\x05\x05\x05", b"\x00\x00\x64\xff\xff\xff", b"\x00\x20\x08\x00\x00\x00" * 3]
    )


def files() -> Parser:
    """Tills' and handhelds' CSV, delivery notices, JSON lines."""
    from store_hub.flows.infer import InferenceInputInvalid, read_sales
    from store_hub.rules.goods_files import FileRefused, read_notice_file, read_tags_file

    till = Path(tempfile.mkdtemp(prefix="aislewise-fuzz-")) / "till.csv"

    def read(data: bytes) -> None:
        for reader in (read_notice_file, read_tags_file):
            try:
                reader(data)
            except FileRefused:
                continue
        till.write_bytes(data)
        list(read_sales(till))

    good = [
        b"t_s,sku,units\n1.5,cola,2\n2.0,tea,-1\n", b"units,sku,sscc\n3,cola,\n", b"epc\n3034257BF7194E4000001A85\n",
        b'{"epc": "urn:epc:id:sgtin:0614141.812345.6789"}\n',
    ]  # fmt: skip
    return Parser(read, (InferenceInputInvalid, FileRefused), good)


def llrp() -> Parser:
    """What a tag reader sends."""
    from llrpkit import LLRPError
    from llrpkit.protocol import messages, params
    from llrpkit.protocol.codec import decode_message

    report = params.TagReportData(epc_parameter=params.EPC_96(epc=bytes(12)), antenna_id=params.AntennaID(antenna_id=1))
    good = [messages.RO_ACCESS_REPORT(tag_report_datas=[report, report]).to_bytes(1), messages.KEEPALIVE().to_bytes(2)]
    return Parser(decode_message, (LLRPError,), good)


def epcis() -> Parser:
    """EPCIS documents of other systems, and their hashes."""
    import msgspec

    from store_hub.rules.epcis_checks import document_events
    from store_hub.rules.epcis_hash import event_id

    def read(data: bytes) -> None:
        events, problems = document_events(msgspec.json.decode(data))
        for event in events if not problems else []:
            event_id(event)

    event = {
        "type": "ObjectEvent", "eventTime": "2026-01-02T03:04:05Z", "eventTimeZoneOffset": "+01:00", "action": "OBSERVE",
        "epcList": ["urn:epc:id:sgtin:0614141.812345.6789"], "bizStep": "shipping", "@context": "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    }  # fmt: skip
    document = {
        "@context": event["@context"], "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-01-02T03:04:05Z",
        "epcisBody": {"eventList": [event]},
    }  # fmt: skip
    return Parser(read, (msgspec.DecodeError, UnicodeDecodeError), [msgspec.json.encode(event), msgspec.json.encode(document)])


PARSERS: dict[str, tuple[Callable[[], Parser], int]] = {
    "letters": (letters, DEFAULT_RUNS), "mqtt": (mqtt, DEFAULT_RUNS), "outbox": (outbox, 300), "files": (files, DEFAULT_RUNS),
    "llrp": (llrp, DEFAULT_RUNS), "epcis": (epcis, DEFAULT_RUNS),
}  # fmt: skip
"""With the runs that fit into some seconds."""


def main() -> int:
    """Fuzz one parser; 1 when it fell over."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("name", choices=PARSERS)
    asked.add_argument("--runs", type=int)
    asked.add_argument("--seed", type=int, default=0)
    told = asked.parse_args()
    make, runs = PARSERS[told.name]
    runs = told.runs or runs
    try:
        import atheris
    except ImportError:
        return mutate(make(), runs, random.Random(told.seed))
    with atheris.instrument_imports(include=["wire_format", "store_hub", "edge_agent", "llrpkit"]):
        parser = make()
    corpus = Path(tempfile.mkdtemp(prefix="aislewise-corpus-"))
    for number, good in enumerate(parser.good):
        (corpus / str(number)).write_bytes(good)
    atheris.Setup(
        [sys.argv[0], f"-runs={runs}", f"-seed={told.seed + 1}", f"-max_len={BYTES_MAX}", str(corpus)], lambda data: tried(parser, data)
    )
    atheris.Fuzz()
    return 0


def tried(parser: Parser, data: bytes) -> None:
    """Let the parser read bytes; whatever is no refusal of its own is passed on."""
    try:
        parser.read(data)
    except parser.refusals:
        return


def mutate(parser: Parser, runs: int, chance: random.Random) -> int:
    """Feed good bytes with random changes."""
    for _ in range(runs):
        data = changed(parser.good, chance)
        try:
            tried(parser, data)
        except Exception as error:  # noqa: BLE001  # That is what is looked for.
            print(f"{type(error).__name__}: {error}\nbytes: {data!r}")
            return 1
    print(f"{runs} runs, well")
    return 0


def changed(good: list[bytes], chance: random.Random) -> bytes:
    """One of the good ones, with bytes flipped, cut out, doubled, put in or joined from another."""
    data = bytearray(chance.choice(good))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + chance.randint(1, 9)]
            case 2:
                data[at:at] = data[at : at + chance.randint(1, 40)]
            case 3:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case 4:
                data[at:at] = chance.choice((b"9" * 30, b"-1", b"1e999", b"null", b"[" * 200, b'"', b"\xff\xfe", b"\0", b"{}", b"\n"))
            case _:
                other = chance.choice(good)
                data[at:] = other[chance.randrange(len(other) + 1) :]
    return bytes(data[:BYTES_MAX])


if __name__ == "__main__":
    sys.exit(main())
