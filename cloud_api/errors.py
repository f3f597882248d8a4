"""What can go wrong in the cloud: each error says what, where and what to do, and keeps the facts as attributes."""

from __future__ import annotations

from toml_settings import SettingsInvalid


class CloudError(Exception):
    """Base of all errors the cloud tells its user. Its text is one line."""

    exit_code = 1


class ConfigurationInvalid(CloudError, SettingsInvalid):
    """A configuration or token file cannot be used."""

    exit_code = 2


class DatabaseUnreachable(CloudError, ConnectionError):
    """No PostgreSQL answers where the configuration says it is."""

    exit_code = 4

    def __init__(self, *, place: str, problem: str, advice: str) -> None:
        super().__init__(f"database {place}: {problem}; {advice}")
        self.place = place
        self.problem = problem
        self.advice = advice


class RecordsUnusable(CloudError, OSError):
    """The folder of the embedded database cannot be written, started or trusted."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"records in {path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class PortTaken(CloudError, OSError):
    """Another program listens where the cloud should."""

    exit_code = 6

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken; stop the other program or choose another with listen.port or --port")
        self.host = host
        self.port = port


class RequestRefused(CloudError):
    """A request that is answered with an error; `status_code` is HTTP's."""

    status_code = 400


class TokenMissing(RequestRefused):
    """No bearer token, or one that nobody was given."""

    status_code = 401

    def __init__(self) -> None:
        super().__init__("no valid token; send `Authorization: Bearer TOKEN` with a token of the cloud's token file")


class TokenForAnotherStore(RequestRefused):
    """The token is real, but not for this store or this door."""

    status_code = 403

    def __init__(self, *, wanted: str) -> None:
        super().__init__(f"this token does not open {wanted}; use that store's own token or a planner's")
        self.wanted = wanted


class ScopeMissing(RequestRefused):
    """The key is real, but was not made for this."""

    status_code = 403

    def __init__(self, *, scope: str, has: list[str]) -> None:
        super().__init__(f"this key opens {', '.join(has)}, not {scope}; have the administrator make one with that scope")
        self.scope = scope


class NotYours(CloudError):
    """A press that the visitor's role may not make."""

    def __init__(self) -> None:
        super().__init__("Your role may look at this, but not change it. Ask the administrator.")


class StoreUnknown(RequestRefused):
    """No store of that name has ever reported."""

    status_code = 404

    def __init__(self, *, store_id: str) -> None:
        super().__init__(f"store {store_id}: it has never reported; start its hub with cloud.url set to this address")
        self.store_id = store_id


class PlanogramMissing(RequestRefused):
    """A layout was asked of a store that sent no planogram."""

    status_code = 404

    def __init__(self, *, store_id: str) -> None:
        super().__init__(f"store {store_id}: no planogram yet; its hub sends it with PUT /v1/stores/{store_id}/planogram")
        self.store_id = store_id


class OrderUnknown(RequestRefused):
    """No order of that number."""

    status_code = 404

    def __init__(self, *, order_id: str) -> None:
        super().__init__(f"order {order_id}: there is none; it may have been replaced by a newer proposal: see GET /v1/orders")
        self.order_id = order_id


class OrderClosed(RequestRefused):
    """An order that is no proposal any more cannot be decided again."""

    status_code = 409

    def __init__(self, *, order_id: str, state: str) -> None:
        super().__init__(f"order {order_id}: already {state}; only a proposal can be decided")
        self.order_id = order_id
        self.state = state


class PromotionUnknown(RequestRefused):
    """No promotion of that number, or it was called off."""

    status_code = 404

    def __init__(self, *, promotion_id: str) -> None:
        super().__init__(f"promotion {promotion_id}: there is none, or it was called off; see GET /v1/promotions")
        self.promotion_id = promotion_id


class RolloutUnknown(RequestRefused):
    """No rollout of that name."""

    status_code = 404

    def __init__(self, *, rollout_id: str) -> None:
        super().__init__(f"rollout {rollout_id}: there is none; see GET /v1/fleet/rollouts")
        self.rollout_id = rollout_id


class RolloutRefused(RequestRefused):
    """A rollout that cannot be begun or stopped now; the text says why and what to do."""

    status_code = 409


class ReportGap(RequestRefused):
    """A batch starts after the next sequence the cloud waits for: what lies between would be lost."""

    status_code = 409

    def __init__(self, *, store_id: str, ledger_id: str, booked_through: int, from_sequence: int) -> None:
        super().__init__(
            f"store {store_id}: facts {booked_through + 1} to {from_sequence - 1} of ledger {ledger_id} are missing; "
            f"send again from {booked_through + 1}"
        )
        self.store_id = store_id
        self.ledger_id = ledger_id
        self.booked_through = booked_through
        self.from_sequence = from_sequence


class MessageInvalid(RequestRefused, ValueError):
    """A body that contradicts itself, its address or its format; `field` names where."""

    status_code = 422

    def __init__(self, *, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class BodyTooLarge(RequestRefused):
    """A body above the limit; nothing of it was read further."""

    status_code = 413

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"body above {limit_bytes} bytes; send smaller batches or raise ingest.body_max_bytes")
        self.limit_bytes = limit_bytes


class SalesFileInvalid(CloudError, ValueError):
    """A file of sales, promotions or articles that a backtest cannot use."""

    exit_code = 3

    def __init__(self, *, path: str, column: str | None, problem: str, advice: str) -> None:
        place = path if column is None else f"{path}: column {column}"
        super().__init__(f"{place}: {problem}; {advice}")
        self.path = path
        self.column = column
        self.problem = problem
        self.advice = advice


class ClusterUnusable(CloudError, ConnectionError):
    """No cluster of workers can be had."""

    exit_code = 7

    def __init__(self, *, problem: str, advice: str) -> None:
        super().__init__(f"cluster: {problem}; {advice}")
        self.problem = problem
        self.advice = advice


class BacktestTooShort(CloudError, ValueError):
    """A file of sales with too little in it to test a forecast on."""

    exit_code = 3

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"{path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice
