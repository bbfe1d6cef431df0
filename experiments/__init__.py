"""The science: arms, comparison, stylised facts, audit, reports. Nothing here yet."""
