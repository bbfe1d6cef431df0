"""Counts in words: one step, but two steps."""


def count_of(number: float, unit: str, plural: str = "") -> str:
    """Return a whole number with its unit, such as `1 batch` or `1,200 seeds`.

    Args:
        number: How many.
        unit: What is counted, in the singular.
        plural: The plural; default: the singular with an `s`.
    """
    text = f"{number:,.0f}"
    return f"{text} {unit}" if text == "1" else f"{text} {plural or f'{unit}s'}"
