"""What must reach neither a terminal nor a file."""

import unicodedata

import pytest

from sandbox.characters import remove_control_characters, remove_from_strings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;never ended", ""),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x1b(Bset", "set"),
        ("a\x00b\x07c\x7fd\x85e", "abcd\x85e"),
        ("evil\u202egnp.exe\u2066", "evilgnp.exe"),
        ("half \ud83d, none \uffff", "half , none "),
        ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
        ("👩‍👩‍👧 می‌خواهم e\u0301 你好", "👩‍👩‍👧 می‌خواهم e\u0301 你好"),
    ],
)
def test_only_what_nobody_can_read_is_removed(text: str, expected: str) -> None:
    assert remove_control_characters(text) == expected


def test_no_control_character_is_left_of_all_there_are() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {character for character in remove_control_characters(everything) if unicodedata.category(character) == "Cc"}
    assert left <= set("\t\n\r\x85")


def test_strings_are_cleaned_wherever_they_are() -> None:
    value = {"a": ["\x07b", {"c": "\x1b[1md"}], "e": 1, "f": None}
    assert remove_from_strings(value) == {"a": ["b", {"c": "d"}], "e": 1, "f": None}
