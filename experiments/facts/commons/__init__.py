"""Facts of public-goods games, one file each; people are those of Alsobay, Rand, Watts and Almaatouq (2025)."""
