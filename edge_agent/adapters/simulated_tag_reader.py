"""A UHF reader with an antenna over every zone of the simulated shop that holds tagged goods."""

from __future__ import annotations

from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.readings import ReaderNote, TagRead
from edge_agent.simulated_store.tag_radio import CYCLE_MS, TagRadio


class SimulatedTagReader:
    """Hands over what its inventory cycles heard, one cycle behind the story.

    Args:
        playhead: the shop's story, shared by all its sensors.
        radio: which tags each antenna hears.
    """

    def __init__(self, playhead: SimulatedPlayhead, radio: TagRadio, *, reader_id: str = "reader-1") -> None:
        self.reader_id = reader_id
        self._playhead = playhead
        self._radio = radio
        self._position_ms = playhead.booted_at_ms
        playhead.join(reader_id)

    def read(self, timeout_ms: int) -> list[TagRead] | None:
        """Wait at most `timeout_ms` for reads, oldest first; None when the story has ended."""
        if self._playhead.over(self._position_ms):
            return None
        until_ms = self._playhead.wait_beyond(self._position_ms, sensor=self.reader_id, timeout_ms=timeout_ms)
        with self._playhead.story():
            # A cycle is told when it is over: a read must never carry a time that is yet to come.
            heard = self._radio.reads(self._position_ms - CYCLE_MS, until_ms - CYCLE_MS)
        self._position_ms = until_ms
        booted_at_ms = self._playhead.booted_at_ms
        return [read._replace(read_at_ms=read.read_at_ms - booted_at_ms) for read in heard if read.read_at_ms >= booted_at_ms]

    def notes(self) -> list[ReaderNote]:
        """It is always well."""
        return []

    def close(self) -> None:
        """Stop listening."""
        self._playhead.leave(self.reader_id)
