"""Facts of social influence, one file each; people are those of Becker et al. (2017) and Guilbeault et al. (2021)."""
