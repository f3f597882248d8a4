"""Plans for the whole chain: footfall review, replenishment, layout."""
