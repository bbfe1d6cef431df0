from sandbox.figures.style import assign_pens


def test_arms_differ_in_colour_and_dash_and_a_single_one_is_not_named() -> None:
    pens = assign_pens([f"arm {number}" for number in range(20)])
    assert len({(pen.color, str(pen.dash)) for pen in pens.values()}) == 20
    assert assign_pens(["main"])["main"].label == "agents"
