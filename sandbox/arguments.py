"""The parser of command lines: as argparse's, but an error never repeats a word that nobody can read."""

import argparse
from typing import NoReturn

from sandbox.characters import remove_control_characters
from sandbox.errors import shorten_words


class CommandParser(argparse.ArgumentParser):
    """Parses the arguments of a command; its subparsers are of this class too."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message on stderr, long words cut and without control characters, and exit with code 2."""
        super().error(shorten_words(remove_control_characters(message)))
