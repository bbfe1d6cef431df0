"""The command line of training: one function a command."""

import argparse
from collections.abc import Callable, Sequence

from sandbox.errors import exit_code

EPILOG = """examples:
  python -m training corpus sources=[reddit] 'source.reddit.submissions=[RS_2015-01.zst]'
  python -m training corpus corpus=shared corpus_dir=corpora/shared
  python -m training corpus corpus=shared synthesizer=llm mind=base model=org/big mind@judge.mind=server judge.model=J
  python -m training sft corpus_dir=corpora/shared out_dir=models/mine
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args, overrides = _parser().parse_known_args(arguments)
    command: Callable[[list[str]], int] = args.command
    return exit_code(lambda: command(overrides), "the same command goes on where it was")


def _corpus(overrides: list[str]) -> int:
    from training.corpus import build, configured
    from training.out import write_out
    from training.progress import StageBar

    config = configured(overrides)
    with StageBar() as bar:
        counts = build(config, bar.told)
    for path in write_out(config, counts):
        print(path)
    return 0


def _sft(overrides: list[str]) -> int:
    from sandbox.validation import validated
    from training.sft.config import SftConfig, composed

    values = composed(overrides)
    config = validated(SftConfig, values)
    from training.sft.run import tune  # takes seconds to import

    print(tune(config, values))
    return 0


def _merge(overrides: list[str]) -> int:
    from training.merge import configured, evaluation, merge

    config = configured(overrides)
    for folder in merge(config):
        print(folder)
    return 0 if config.evaluate is None else _evaluate(evaluation(config))


def _evaluate(overrides: list[str]) -> int:
    from training.evaluate.run import configured, evaluate

    print(evaluate(*configured(overrides)))
    return 0


def _all(overrides: list[str]) -> int:
    from training.ship import configured, make_all

    commands = {name: COMMANDS[name][0] for name in ("corpus", "sft", "evaluate")}
    print(make_all(configured(overrides), commands))
    return 0


COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "corpus": (_corpus, "turn raw logs into a corpus: people, tasks, data card and funnel"),
    "sft": (_sft, "fine-tune a base model on a corpus's tasks"),
    "merge": (_merge, "mix a base model with its tuned self"),
    "evaluate": (_evaluate, "compare models on people whom they never saw"),
    "all": (_all, "all of these in turn, up to the adapter that ships with its card"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="From real users' logs to people and to HumanLLM.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, (command, text) in COMMANDS.items():
        one = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.set_defaults(command=command)
    return parser
