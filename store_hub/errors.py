"""What can go wrong at the hub: each error says what, where and what to do, and keeps the facts as attributes."""

from __future__ import annotations

from toml_settings import SettingsInvalid


class HubError(Exception):
    """Base of all errors a hub tells its user. Its text is one line."""

    exit_code = 1


class ConfigurationInvalid(HubError, SettingsInvalid):
    """The configuration file cannot be used."""

    exit_code = 2


class PlanogramInvalid(HubError, ValueError):
    """A planogram that contradicts itself; `problems` holds a line for each place."""

    exit_code = 3

    def __init__(self, *, source: str, problems: list[str]) -> None:
        count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        super().__init__(f"planogram {source}: {count}: {'; '.join(problems)}")
        self.source = source
        self.problems = problems


class LedgerUnusable(HubError, OSError):
    """The ledger file cannot be opened, written or trusted."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"ledger {path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class PortTaken(HubError, OSError):
    """Another program listens where the hub's pages should."""

    exit_code = 6

    def __init__(self, *, host: str, port: int, setting: str) -> None:
        super().__init__(f"port {port} on {host} is taken by another program; stop it, or choose another port with {setting}")
        self.host = host
        self.port = port
        self.setting = setting


class HubBusy(HubError, TimeoutError):
    """More was asked of the bookkeeper than it can write down now."""

    def __init__(self, *, waiting: int) -> None:
        super().__init__(f"the bookkeeper has {waiting} requests waiting; try again in a moment")
        self.waiting = waiting


class HubStopping(HubError):
    """The hub is being stopped and takes no more requests."""

    def __init__(self) -> None:
        super().__init__("the hub is stopping and books nothing more; send the request again when it is back")


class IdempotencyConflict(HubError, ValueError):
    """An idempotency key came a second time with another body."""

    def __init__(self, *, door: str, key: str) -> None:
        super().__init__(f"{door}: the idempotency key {key!r} was used before with another body; use a new key for a new request")
        self.door = door
        self.key = key


class AlertUnknown(HubError, LookupError):
    """No alert has this number, or it is closed."""

    def __init__(self, *, alert_id: int, closed: bool) -> None:
        super().__init__(f"alert {alert_id} {'is closed already' if closed else 'does not exist'}; look at the open alerts again")
        self.alert_id = alert_id
        self.closed = closed


class PlaceUnknown(HubError, LookupError):
    """A count names an article or a place that the planogram does not hold."""

    def __init__(self, *, sku: str, shelf_id: str | None) -> None:
        place = f" on shelf {shelf_id}" if shelf_id is not None else ""
        super().__init__(f"the planogram has no article {sku}{place}; check the SKU and the shelf, or update the planogram")
        self.sku = sku
        self.shelf_id = shelf_id


class CalibrationOutOfStep(HubError, ValueError):
    """An action on a calibration does not fit how it stands."""

    def __init__(self, *, shelf_id: str, problem: str) -> None:
        super().__init__(f"shelf {shelf_id}: {problem}")
        self.shelf_id = shelf_id
        self.problem = problem


class SettingsOutdated(HubError, ValueError):
    """Somebody changed the settings since they were read."""

    def __init__(self, *, seen: int, now: int) -> None:
        super().__init__(f"the settings were changed meanwhile (revision {now}, you saw {seen}); look at them again and repeat your change")
        self.seen = seen
        self.now = now


class FleetRefused(HubError, ValueError):
    """A device cannot be sent this now; the text says why and what to do."""


class GoodsRefused(HubError, ValueError):
    """A stock-take or a delivery is in a state in which this cannot be booked; the text says what to do."""
