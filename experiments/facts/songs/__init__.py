"""Facts of markets for unknown songs, one file each; people are those of MusicLab (Salganik, Dodds and Watts 2006)."""
