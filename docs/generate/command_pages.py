"""The page of commands, from the parsers of `python -m sandbox` and `python -m training`."""

import argparse
from collections.abc import Iterator

from docs.generate.markdown import anchor, code, escape_text, table
from sandbox.cli.main import build_parser as build_sandbox_parser
from training.cli import build_parser as build_training_parser

REST = {"ask": "[QUESTION]"}
"""What a command takes after its own arguments, if not settings."""


def write_page() -> str:
    """Return `reference/commands.md`."""
    lines = [
        anchor("commands"),
        "# Commands",
        "",
        "Each prints its options with `--help`. SETTING stands for any number of [settings](../settings/index.md) as "
        "Hydra overrides. The exit code is 0 for success, 1 with one line that says what is wrong and what to do, 2 if "
        "the command itself is mistyped, and 130 after an interruption.",
        "",
    ]
    for parser in (build_sandbox_parser(), build_training_parser()):
        lines += [f"## `{parser.prog}`", ""]
        for command in list_commands(parser):
            lines += _describe_command(command, takes_settings=_takes_settings(command))
    return "\n".join(lines)


def list_commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return the parsers of all commands."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # pyright: ignore[reportPrivateUsage]
    return [command for action in actions for command in action.choices.values()]


def _takes_settings(command: argparse.ArgumentParser) -> bool:
    return command.prog.startswith("python -m training") or bool(command.get_default("takes_overrides"))


def _describe_command(command: argparse.ArgumentParser, takes_settings: bool) -> list[str]:
    name = command.prog.rpartition(" ")[2]
    formatter = argparse.HelpFormatter(command.prog, width=110)
    formatter.add_usage(None, command._actions, command._mutually_exclusive_groups, prefix="")  # pyright: ignore[reportPrivateUsage]
    usage = formatter.format_help().strip() + (f" {REST.get(name, '[SETTING ...]')}" if takes_settings else "")
    rows = list(_argument_rows(command))
    arguments = table(["argument", "meaning", "default"], rows) if rows else []
    return [f"### `{name}`", "", escape_text(command.description or ""), "", "```text", usage, "```", "", *arguments]


def _argument_rows(command: argparse.ArgumentParser) -> Iterator[tuple[str, str, str]]:
    for action in command._actions:  # pyright: ignore[reportPrivateUsage]
        if action.dest == "help":
            continue
        value = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
        names = [f"{option} {value}".strip() for option in action.option_strings] or [str(value)]
        default = "" if action.default in (None, False) else code(str(action.default))
        required = "*required*" if action.required else default
        yield code(", ".join(names)), escape_text(action.help or ""), required
