"""The command line of training: one function for each command.

Each function imports what it needs when it is called, so that `--help` is fast.
"""

import argparse
from collections.abc import Callable, Sequence

from sandbox.arguments import CommandParser
from sandbox.errors import exit_code
from sandbox.files import hold_folder
from sandbox.key_hosts import allow_named_hosts

EPILOG = """examples:
  python -m training corpus sources=[reddit] 'source.reddit.submissions=[RS_2015-01.zst]'
  python -m training corpus corpus=shared corpus_dir=corpora/shared
  python -m training corpus corpus=shared synthesizer=llm mind=base model=org/big mind@judge.mind=server judge.model=J
  python -m training sft corpus_dir=corpora/shared out_dir=models/mine
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    args, overrides = build_parser().parse_known_args(arguments)
    command: Callable[[list[str]], int] = args.command
    allow_named_hosts(overrides)
    return exit_code(lambda: command(overrides), "run the same command again to resume")


def _run_corpus(overrides: list[str]) -> int:
    from sandbox.output.progress import notify
    from training.corpus.build import build_corpus
    from training.corpus.config import load_corpus_config
    from training.corpus.export import export_corpus
    from training.corpus.losses import list_notes
    from training.pipeline.progress import StageBar

    config = load_corpus_config(overrides)
    with hold_folder(config.corpus_dir, "corpus_dir"):
        with StageBar() as bar:
            counts = build_corpus(config, bar.show_progress)
        for path in export_corpus(config, counts):
            print(path)
        for note in list_notes(config, counts):
            notify(note)
    return 0


def _run_sft(overrides: list[str]) -> int:
    from training.finetuning.config import load_sft_config

    config, values = load_sft_config(overrides)
    from training.finetuning.run import tune_model  # takes seconds, so invalid settings should fail before it

    print(tune_model(config, values))
    return 0


def _run_merge(overrides: list[str]) -> int:
    from training.finetuning.merge import evaluation_overrides, load_merge_config, merge_weights

    config = load_merge_config(overrides)
    with hold_folder(config.out_dir, "out_dir"):
        for folder in merge_weights(config):
            print(folder)
    return 0 if config.evaluate is None else _run_evaluate(evaluation_overrides(config))


def _run_evaluate(overrides: list[str]) -> int:
    from training.evaluation.run import evaluate, load_evaluate_config

    config, values = load_evaluate_config(overrides)
    with hold_folder(config.out_dir, "out_dir"):
        print(evaluate(config, values))
    return 0


def _run_all(overrides: list[str]) -> int:
    from training.release.ship import load_release_config, make_all

    commands = {name: COMMANDS[name][0] for name in ("corpus", "sft", "evaluate")}
    print(make_all(load_release_config(overrides), commands))
    return 0


COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "corpus": (_run_corpus, "turn raw logs into a corpus: people, tasks, data card and funnel"),
    "sft": (_run_sft, "fine-tune a base model on a corpus's tasks"),
    "merge": (_run_merge, "average the weights of a base model and a fine-tuned one"),
    "evaluate": (_run_evaluate, "compare models on people that they never saw"),
    "all": (_run_all, "run the whole recipe: corpus, fine-tuning, evaluation, and the adapter to ship with its card"),
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = CommandParser(
        prog="python -m training",
        description="From real users' logs to people and to HumanLLM.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, (command, text) in COMMANDS.items():
        subparser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        subparser.set_defaults(command=command)
    return parser
