"""The hub as it is, but for how long it leaves alone what does not answer: a short shop cannot wait for minutes.

Its command line is the hub's own.
"""

from __future__ import annotations

from functools import partial

from store_hub.__main__ import main
from store_hub.adapters import broker_link
from store_hub.flows import edge_books, sync
from store_hub.rules.back_off import BackOff

BACK_OFF_FIRST_S, BACK_OFF_MAX_S = 0.2, 2.0
LOOK_S, CLOCK_WAIT_MS = 0.3, 4_000


def wait_less() -> None:
    """Come back soon, to the broker and to the cloud; look soon for what there is to tell, and whether to stop.

    A device says what its clock reads every two seconds here; one that has lost that with its outbox is not waited for as long either.
    """
    broker_link.BACK_OFF_MAX_S, broker_link.TURN_S = BACK_OFF_MAX_S, LOOK_S
    edge_books.CLOCK_WAIT_MS = CLOCK_WAIT_MS
    sync.Sync.__init__.__kwdefaults__["pause_s"] = LOOK_S

    def back_off(**words: object) -> BackOff:
        return partial(BackOff, **(words | {"first_s": BACK_OFF_FIRST_S, "most_s": BACK_OFF_MAX_S}))()

    sync.BackOff = back_off


if __name__ == "__main__":
    wait_less()
    main()
