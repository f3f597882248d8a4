"""What the broker's log says of who tried what is not theirs, however a connection calls itself, and how many lines a flood may write."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from store_hub.__main__ import app
from store_hub.adapters.audit_log import AuditLog, verify_audit
from store_hub.flows.watch_broker import watch_broker
from store_hub.rules.broker_acl import Access, access_list, allows
from store_hub.rules.broker_log import Attempt, BrokerLog
from store_hub.rules.tries import WINDOW_MS, Line, TryBounds

LIST = access_list("s", {"a": ["0" * 32], "b": []}, extra="pattern read nodes/%u/#")


def by_the_list(user: str, access: Access, wanted: str) -> bool:
    return allows(LIST, user, access, wanted)


def connected(client: str, user: str = "a") -> str:
    return f"1795690018: New client connected from 10.0.0.9:50545 as {client} (p5, c1, k60, u'{user}')."


def denied(client: str, topic: str) -> str:
    return f"1795690018: Denied PUBLISH from {client} (d0, q1, r0, m7, '{topic}', ... (2 bytes))"


@pytest.mark.parametrize(
    ("wanted", "may"),
    [
        ("stores/s/v1/config/a", True),
        ("stores/s/v1/light/a/+", True),
        ("stores/s/v1/light/a/shelf-1", True),
        ("nodes/a/x/y", True),
        ("$share/g/stores/s/v1/config/a", True),
        ("stores/s/v1/config/b", False),
        ("stores/s/v1/config/+", False),
        ("stores/s/v1/light/+/+", False),
        ("stores/s/v1/light/a", False),
        ("$share/g/#", False),
        ("#", False),
        ("+/+", False),
        ("$SYS/broker/log/#", False),
        ("nodes/b/x", False),
    ],
)
def test_a_device_may_hear_what_its_lines_allow(wanted: str, may: bool) -> None:
    assert allows(LIST, "a", "read", wanted) == may


@pytest.mark.parametrize(
    "name",
    [
        "edge-1",
        "with space",
        "x (p5, c1, k30, u'hub:main').",
        "Denied PUBLISH from y",
        "Received PUBLISH",
        "y 0 stores/s/v1/config/a",
        "'",
        "(d0, q1",
    ],
)
def test_no_name_of_a_connection_hides_whose_it_is(name: str) -> None:
    log = BrokerLog(by_the_list)
    for line in (connected("y", "b"), connected(name)):
        assert log.hear(line).attempt is None
    assert log.hear(denied(name, "t', ... (1 bytes))x")).attempt == Attempt("device:a", "broker.publish", "t', ... (1 bytes))x")
    assert log.hear(f"1795690018: {name} 1 stores/s/v1/config/b").attempt == Attempt("device:a", "broker.subscribe", "stores/s/v1/config/b")
    assert log.hear(f"1795690018: {name} 1 stores/s/v1/config/a").attempt is None


def test_a_last_will_is_judged_by_its_topic() -> None:
    log = BrokerLog(by_the_list)
    told = []
    for topic in ("stores/s/v1/health/a", "stores/s/v1/health/b"):
        lines = (connected("c"), "17: Will message specified (5 bytes) (r0, q1).", f"17: \t{topic}")
        told.append([log.hear(line).attempt for line in lines])
    assert told == [[None, None, None], [None, None, Attempt("device:a", "broker.will", "stores/s/v1/health/b")]]


def test_a_connection_made_before_anybody_looked_is_told_without_its_device() -> None:
    assert BrokerLog(by_the_list).hear(denied("z", "t")).attempt == Attempt("connection:unknown", "broker.publish", "t")


def test_a_flood_is_told_one_by_one_at_first_and_then_counted() -> None:
    bounds = TryBounds(each_max=3, all_max=5)
    told = [line for number in range(9) for line in bounds.tell(Line("device:a", "p", str(number)), now_ms=1_000)]
    assert [line.detail for line in told] == ["0", "1", "2"]
    told = [line for number in range(20) for line in bounds.tell(Line(f"device:{number}", "p", "x"), now_ms=1_000)]
    assert len(told) == 2, "five lines in all, whoever they are of"
    assert bounds.due(now_ms=1_000 + WINDOW_MS - 1) == []
    assert bounds.tell(Line("device:a", "p", "new"), now_ms=1_000 + WINDOW_MS) == [
        Line("device:a", "p", "6 more in this hour; the last: 8"),
        Line("others", "p", "18 more in this hour; the last: x"),
        Line("device:a", "p", "new"),
    ]


def test_every_try_of_a_flood_is_in_the_audit_log_as_a_line_or_a_number(tmp_path: Path) -> None:
    acl, kept = tmp_path / "acl", io.StringIO()
    acl.write_text(LIST)
    audit = AuditLog(tmp_path / "audit.sqlite", now_ms=lambda: 1_000)
    lines = [
        connected("c"),
        *(denied("c", f"t/{number}") for number in range(1000)),
        "1795690018: c 0 #",
        "1795690018: Client c disconnected.",
    ]
    watch_broker([f"{line}\n".encode() for line in lines], kept, audit=audit, acl=acl, now_ms=lambda: 1_000, bounds=TryBounds(each_max=10))
    rows = [(row.action, row.detail) for row in reversed(audit.newest(100))]
    audit.close()
    assert rows[:10] == [("broker.publish", f"t/{number}") for number in range(10)]
    assert rows[10:] == [("broker.subscribe", "#"), ("broker.publish", "990 more in this hour; the last: t/999")]
    assert verify_audit(tmp_path / "audit.sqlite").broken_at is None
    assert kept.getvalue().splitlines() == [lines[0], lines[-1]], "no single message is kept"


def test_a_sieve_without_an_audit_log_to_write_into_goes_on_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    (tmp_path / "hub.toml").write_text(f'[ledger]\npath = "{tmp_path}/no-folder/ledger.sqlite"\n[trust]\nfolder = "{tmp_path}/trust"\n')
    told = f"{connected('c')}\n{denied('c', 'anything')}\n17: Client c disconnected.\n"
    done = CliRunner().invoke(app, ["watch-broker", "--config", str(tmp_path / "hub.toml")], input=told)
    assert done.exit_code == 0, done.output
    assert "no audit line: device:a broker.publish anything" in done.output
    assert done.output.rstrip().endswith("Client c disconnected.")


def test_the_command_writes_into_the_shops_audit_log(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(f'[ledger]\npath = "{tmp_path}/ledger.sqlite"\n[trust]\nfolder = "{tmp_path}/trust"\n')
    told = f"{connected('c')}\n{denied('c', 'anything')}\n\xff\n"
    done = CliRunner().invoke(app, ["watch-broker", "--config", str(tmp_path / "hub.toml")], input=told)
    assert done.exit_code == 0, done.output
    shown = CliRunner().invoke(app, ["audit", "show", "--config", str(tmp_path / "hub.toml")]).output
    assert "refused broker.publish   device:a: anything" in shown
