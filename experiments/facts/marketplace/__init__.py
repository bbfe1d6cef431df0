"""Facts of markets, one file each."""
