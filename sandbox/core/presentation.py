"""How questions are worded and laid out: what should not matter to people, and is therefore varied in an audit."""

from string import ascii_uppercase

import msgspec

GIVEN_NAMES = (
    "Alex", "Bao", "Chris", "Dana", "Eden", "Farah", "Gael", "Hana", "Ira", "Jo", "Kim", "Lee", "Mika", "Noor", "Ola",
    "Pat", "Quinn", "Robin", "Sam", "Toni", "Uli", "Val", "Wren", "Xia", "Yuki", "Zoe",
)  # fmt: skip


class Presentation(msgspec.Struct, frozen=True):
    """One way to ask the same question."""

    wording: int = 0
    """Which of the world's wordings of its prompts: 0 is its own, 1 the first paraphrase, and so on."""
    shuffle: int = 0
    """Which of many random orders of the options that have none of their own."""
    scales_reversed: bool = False
    """Whether options that have an order of their own, such as stars, are listed in reverse."""
    profile_reversed: bool = False
    """Whether the sentences about a person are listed in reverse."""
    first_label: str = "A"
    """Letter of the first option."""
    given_names: bool = False
    """Whether people are called by given names as well as by their numbers."""

    def labels(self, number: int) -> str:
        """Return the letters of `number` options, by display position."""
        start = ascii_uppercase.index(self.first_label)
        return (ascii_uppercase * 2)[start : start + number]

    def display_name(self, agent: int) -> str:
        """Return what people call the agent with that id."""
        return f"{GIVEN_NAMES[agent % len(GIVEN_NAMES)]} ({agent})" if self.given_names else str(agent)


PLAIN = Presentation()
