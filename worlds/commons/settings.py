"""Parameters of the commons."""

from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from sandbox.core import WorldParams

MAX_GROUP = 20
"""Members of a fund: with everybody else an option, a question about all of them stays legal and readable."""


class CommonsParams(WorldParams):
    """Parameters of a `Commons`; money in coins."""

    fixed: ClassVar[frozenset[str]] = frozenset({"partners", "group_size"})

    partners: Literal["group", "friends"]
    """Who shares a fund: the members of one group for the whole game, or a person and their friends on the graph."""
    group_size: int = Field(ge=2, le=MAX_GROUP)
    """Members of a group at the start; the remainder forms a smaller one, or joins the last one if alone."""
    endowment: int = Field(ge=1, le=24)
    """Coins that everybody gets in each step."""
    all_or_nothing: bool
    """Whether people can give all of their coins or none, rather than any number."""
    opt_out: bool
    """Whether all coins are in the fund until they are taken out, rather than one's own until they are given."""
    multiplier: PositiveFloat
    """What a fund is multiplied by before it is split evenly among its members."""
    rounds: PositiveInt | None
    """Number of rounds that people are told of, after which nobody plays; null: they do not know the end."""
    punishment: bool
    """Whether people can take coins from another member at a cost."""
    rewards: bool
    """Whether people can give coins to another member at a cost."""
    price: PositiveInt
    """Coins that one unit of punishment or reward costs."""
    impact: PositiveInt
    """Coins that one unit of punishment takes, or one of reward gives."""
    talk: bool
    """Whether people can say something to the others before they give."""
    show_earnings: bool
    """Whether people see what the others earned."""
    leaving: bool
    """Whether people can leave the game for good instead of giving."""
