"""HTTP doors of the chain: reports in, footfall and plans out."""
