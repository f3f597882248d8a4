"""What devices run: each device's file and what it was sent; and a rollout of software, ring by ring.

A ring begins when every device of the ring before has confirmed, by its own sensors and its way to the hub, that the new software works.
One that refuses it or takes it back halts the rollout: what has not begun does not begin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from math import ceil

import msgspec

from store_hub.entries_fleet import AnyFleet, ConfigurationAction, LogAction, RolloutAction
from store_hub.rows import DeploymentRow, DeviceFileRow, DeviceLogRow, Effect, RolloutRow
from wire_format.commands import DeviceConfiguration, SoftwareWanted
from wire_format.deployments import ConfigurationTold, DeploymentTold
from wire_format.device_log import LogTold

CONFIGURATION, SOFTWARE = "configuration", "software"
WANTED, TRYING, CONFIRMED, WITHDRAWN = "wanted", "trying", "confirmed", "withdrawn"
RUNNING, DONE, HALTED, REFUSED = "running", "done", "halted", "refused"
OPEN_STATES = (WANTED, TRYING)
SECOND_RING_SHARE = 0.25

_rings = msgspec.json.Decoder(list[list[str]])


def digest_of(toml: str) -> str:
    """What a file is known by."""
    return hashlib.sha256(toml.encode()).hexdigest()


def rings_of(row: RolloutRow) -> list[list[str]]:
    """The devices, ring by ring."""
    return _rings.decode(row.rings)


def message_of(row: DeploymentRow) -> DeviceConfiguration | SoftwareWanted:
    """What the device is told."""
    if row.kind == CONFIGURATION:
        return msgspec.json.decode(row.message, type=DeviceConfiguration)
    return msgspec.json.decode(row.message, type=SoftwareWanted)


def rings(devices: Iterable[str], first: str) -> list[list[str]]:
    """One device first, then a quarter of the others, then the rest."""
    others = sorted(set(devices) - {first})
    second = ceil(len(others) * SECOND_RING_SHARE)
    return [ring for ring in ([first], others[:second], others[second:]) if ring]


class FleetBook:
    """Every device that can be sent something: one that has told its file runs with a keeper, and can take back what does not work."""

    def __init__(self) -> None:
        self.files: dict[str, DeviceFileRow] = {}
        self.deployments: dict[tuple[str, str], DeploymentRow] = {}
        self.logs: dict[str, DeviceLogRow] = {}
        self.rollout: RolloutRow | None = None

    def restore(self, row: DeviceFileRow | DeploymentRow | DeviceLogRow | RolloutRow) -> None:
        """Go on from what the ledger holds."""
        match row:
            case DeviceFileRow():
                self.files[row.device_id] = row
            case DeploymentRow():
                self.deployments[row.device_id, row.kind] = row
            case DeviceLogRow():
                self.logs[row.device_id] = row
            case RolloutRow():
                self.rollout = row

    # ---- what people want

    def objection(self, action: AnyFleet) -> str | None:
        """Say why an action cannot be done now; None when it can."""
        match action:
            case ConfigurationAction():
                return self._file_objection(action)
            case RolloutAction():
                return self._rollout_objection(action)
            case LogAction():
                return None

    def _file_objection(self, action: ConfigurationAction) -> str | None:
        known = self.files.get(action.device_id)
        if known is None:
            return f"{action.device_id} has not told its configuration; only a device that runs with its keeper can be changed from here"
        if digest_of(known.toml) != action.based_on:
            return f"the file of {action.device_id} has changed since you opened it; open it again"
        sent = self.deployments.get((action.device_id, CONFIGURATION))
        if sent is not None and sent.state == TRYING:
            return f"{action.device_id} is trying version {sent.version} now; wait for its answer"
        return None

    def _rollout_objection(self, action: RolloutAction) -> str | None:
        is_running = self.rollout is not None and self.rollout.stage == RUNNING
        if action.action == "halt":
            return None if is_running else "no rollout is under way"
        if is_running and self.rollout is not None:
            return f"the rollout of {self.rollout.version} is under way; halt it first"
        if action.action == "refuse":
            return None if action.chain_rollout_id is not None else "only what the chain wants is refused"
        if action.chain_rollout_id is not None and not self.files:
            return "no device here runs with its keeper, so none can be changed"
        if (action.first_device is not None or action.chain_rollout_id is None) and action.first_device not in self.files:
            return f"{action.first_device} has not told its configuration; choose a device that runs with its keeper to be the first"
        if action.sha256 is None or not action.url or action.size_bytes < 1:
            return "the release has no address, size or sum; add it to the hub's releases"
        return None

    def act(self, action: AnyFleet, at_ms: int) -> list[Effect]:
        """Do what a person wants; nothing where there is an objection."""
        if self.objection(action) is not None:
            return []
        if isinstance(action, LogAction):
            known = self.logs.get(action.device_id)
            number, lines = (1, b"[]") if known is None else (known.request_no + 1, known.lines)
            return [self._keep_log(DeviceLogRow(action.device_id, number, lines, action.by, at_ms, None))]
        if isinstance(action, ConfigurationAction):
            return self._send_file(action, at_ms)
        if action.action == "halt":
            return self._halt(f"halted by {action.by}" + (f": {action.reason}" if action.reason else ""), at_ms)
        return self._begin(action, at_ms)

    def _send_file(self, action: ConfigurationAction, at_ms: int) -> list[Effect]:
        sent = self.deployments.get((action.device_id, CONFIGURATION))
        version = 1 + max(self.files[action.device_id].version or 0, 0 if sent is None else int(sent.version))
        message = DeviceConfiguration(device_id=action.device_id, version=version, toml=action.toml, based_on=action.based_on)
        return [self._want(action.device_id, CONFIGURATION, str(version), message, action.by, at_ms)]

    def _begin(self, action: RolloutAction, at_ms: int) -> list[Effect]:
        planned = [] if action.action == "refuse" else self._planned(action)
        stage = REFUSED if action.action == "refuse" else RUNNING if planned else DONE
        rollout = RolloutRow(
            1, action.version, action.url, action.sha256 or "", action.size_bytes, msgspec.json.encode(planned), 0,
            stage, action.reason, action.by, at_ms, at_ms, action.chain_rollout_id or "",
        )  # fmt: skip
        return [self._keep(rollout), *(self._want_ring(rollout, at_ms) if planned else [])]

    def _planned(self, action: RolloutAction) -> list[list[str]]:
        """Who gets it, ring by ring; of what the chain sends, only who has not confirmed it yet."""
        if action.chain_rollout_id is None:
            return rings(self.files, action.first_device or "")
        wanting = sorted(device_id for device_id in self.files if not self._runs(device_id, action.version))
        if not wanting:
            return []
        first = action.first_device if action.first_device in wanting else wanting[0]
        if action.reach == "one_device":
            return [[first]] if action.first_device in (None, first) else []
        return rings(wanting, first)

    def _runs(self, device_id: str, version: str) -> bool:
        row = self.deployments.get((device_id, SOFTWARE))
        return row is not None and row.version == version and row.state == CONFIRMED

    def _want_ring(self, rollout: RolloutRow, at_ms: int) -> list[Effect]:
        wanted: list[Effect] = []
        for device_id in rings_of(rollout)[rollout.ring]:
            message = SoftwareWanted(
                device_id=device_id,
                version=rollout.version,
                url=rollout.url,
                sha256=rollout.sha256,
                size_bytes=rollout.size_bytes,
            )
            wanted.append(self._want(device_id, SOFTWARE, rollout.version, message, rollout.started_by, at_ms))
        return wanted

    def _want(
        self, device_id: str, kind: str, version: str, message: DeviceConfiguration | SoftwareWanted, by: str, at_ms: int
    ) -> DeploymentRow:
        row = DeploymentRow(device_id, kind, version, WANTED, "", msgspec.json.encode(message), by, at_ms, at_ms)
        self.deployments[device_id, kind] = row
        return row

    def _halt(self, reason: str, at_ms: int) -> list[Effect]:
        rollout = self.rollout
        if rollout is None or rollout.stage != RUNNING:
            return []
        effects: list[Effect] = [self._keep(rollout._replace(stage=HALTED, reason=reason, changed_at_ms=at_ms))]
        for key, row in sorted(self.deployments.items()):
            if row.kind == SOFTWARE and row.version == rollout.version and row.state == WANTED:
                self.deployments[key] = row._replace(state=WITHDRAWN, reason=reason, changed_at_ms=at_ms)
                effects.append(self.deployments[key])
        return effects

    def _keep_log(self, row: DeviceLogRow) -> DeviceLogRow:
        self.logs[row.device_id] = row
        return row

    def _keep(self, rollout: RolloutRow) -> RolloutRow:
        self.rollout = rollout
        return rollout

    # ---- what devices say

    def hear(self, said: ConfigurationTold | DeploymentTold | LogTold, at_ms: int) -> list[Effect]:
        """Take in what a device runs, or how it fared."""
        if isinstance(said, ConfigurationTold):
            file = DeviceFileRow(said.device_id, said.version, said.toml, at_ms)
            self.files[said.device_id] = file
            return [file]
        if isinstance(said, LogTold):
            wanted = self.logs.get(said.device_id)
            if wanted is None or wanted.request_no != said.request_no:
                return []
            return [self._keep_log(wanted._replace(lines=msgspec.json.encode(said.lines), told_at_ms=at_ms))]
        row = self.deployments.get((said.device_id, said.kind))
        if row is None or row.version != said.version or row.state == said.state:
            return []
        row = row._replace(state=said.state, reason=said.reason, changed_at_ms=at_ms)
        self.deployments[said.device_id, said.kind] = row
        return [row, *self._go_on(row, at_ms)]

    def _go_on(self, row: DeploymentRow, at_ms: int) -> list[Effect]:
        """The next ring, once this one has confirmed; a halt where the new software did not work."""
        rollout = self.rollout
        if rollout is None or rollout.stage != RUNNING or row.kind != SOFTWARE or row.version != rollout.version:
            return []
        if row.state not in (*OPEN_STATES, CONFIRMED):
            return self._halt(f"{row.device_id}: {row.state.replace('_', ' ')}, {row.reason}", at_ms)
        planned = rings_of(rollout)
        states = [self.deployments[device_id, SOFTWARE].state for device_id in planned[rollout.ring]]
        if any(state != CONFIRMED for state in states):
            return []
        if rollout.ring + 1 == len(planned):
            return [self._keep(rollout._replace(stage=DONE, changed_at_ms=at_ms))]
        rollout = self._keep(rollout._replace(ring=rollout.ring + 1, changed_at_ms=at_ms))
        return [rollout, *self._want_ring(rollout, at_ms)]
