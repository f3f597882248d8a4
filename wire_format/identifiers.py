"""Names of things, as they may appear in topics, files and tables.

An identifier is also a topic level and a file name, so it never holds a slash, a wildcard or a space.
"""

from typing import Annotated

from msgspec import Meta

IDENTIFIER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

_Identifier = Annotated[str, Meta(pattern=IDENTIFIER_PATTERN, description="letters, digits, '.', '_' and '-', 1 to 64")]

StoreId = _Identifier
DeviceId = _Identifier
ShelfId = _Identifier
ZoneId = _Identifier
DoorId = _Identifier
ButtonId = _Identifier
Sku = _Identifier
OutboxId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", description="minted with the outbox file: 32 hex digits")]
LedgerId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", description="minted with the ledger file: 32 hex digits")]
BootId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8,32}$", description="new at every start of the agent: hex digits")]
RolloutId = _Identifier
SessionId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8,32}$", description="new for every calibration: hex digits")]
Epc = Annotated[str, Meta(pattern=r"^(?:[0-9A-F]{4}){1,31}$", description="EPC memory bank, upper-case hex, whole words")]

Sequence = Annotated[int, Meta(ge=1, le=2**53 - 1, description="1, 2, 3, … without gaps, per outbox or ledger")]
BookedSequence = Annotated[int, Meta(ge=0, le=2**53 - 1, description="0 while nothing is booked")]
WallClockMs = Annotated[int, Meta(description="Unix time, UTC, milliseconds")]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0, description="0 to 1")]
