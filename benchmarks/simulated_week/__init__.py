"""A seeded week of a shop with everything that goes wrong, booked by the real hub, and held against what truly happened."""
