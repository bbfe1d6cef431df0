"""Facts and scored items of markets, one file each."""
