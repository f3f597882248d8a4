"""How the people of a simulated shop behave: every number that shapes a day, in one place."""

from __future__ import annotations

from msgspec import Struct

LATE_SHOP_HOURS = (
    *(0.10, 0.05, 0.03, 0.02, 0.05, 0.20, 0.60, 1.20, 1.30, 0.90, 0.90, 1.10),
    *(1.50, 1.30, 0.90, 0.90, 1.20, 1.80, 2.00, 1.60, 1.10, 0.80, 0.50, 0.25),
)
"""Shoppers in each hour of the day, relative to the mean of the busy hours."""

ROUND_THE_CLOCK_HOURS = tuple(max(share, 0.6) for share in LATE_SHOP_HOURS)
"""A shop by the station, never quite empty: what a demo needs at three in the morning."""


class ShopHabits(Struct, frozen=True, kw_only=True):
    """Probabilities are per shopper or per article unless a name says otherwise."""

    shoppers_per_hour: float = 40.0
    arrivals_by_hour: tuple[float, ...] = LATE_SHOP_HOURS
    opens_hour: float = 6.0
    closes_hour: float = 24.0
    walking_speed_m_per_s: tuple[float, float] = (0.8, 1.4)
    articles_mean: float = 2.6
    browses_only: float = 0.14
    turns_back_at_door: float = 0.03
    puts_back: float = 0.06
    puts_down_elsewhere: float = 0.012
    steals: float = 0.015
    substitutes: float = 0.3
    leans_on_shelf: float = 0.10
    till_misses_line: float = 0.003
    till_scans_neighbour: float = 0.003
    till_scans_twice: float = 0.002
    till_delay_s: tuple[float, float] = (20.0, 180.0)
    staff_round_min: tuple[float, float] = (25.0, 45.0)
    staff_reacts_min: tuple[float, float] = (4.0, 14.0)
    staff_hears_of_low_place: float = 0.5
    delivery_hours: tuple[float, ...] = (6.5, 14.0)
    delivery_short: float = 0.02
    delivery_over: float = 0.0
    back_room_cover: float = 2.5
    orders_by_books: bool = False
    """Order by what the books say is in the shop, as most shops must, and not by what truly is."""
    sweeps_per_day: float = 0.0
    """A whole facing goes into a bag, unpaid."""
    written_off_per_day: float = 0.0
    """Goods that break or spoil and are thrown away."""
    write_off_booked: float = 1.0
    brought_back_per_day: float = 0.0
    refill_booked: float = 0.0
    """How often staff book the move from the back room to a shelf; a scale feels it anyway."""
    tagged_from_price_minor: int = 499
    """Articles from this price on carry a tag each."""
