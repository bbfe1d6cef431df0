"""`python -m experiments.suite`: every world, small, beside its human experiment, and what each mind has of people.

    python -m experiments.suite [--run FOLDER] [SETTING=VALUE ...]

`conf/suite.yaml` says which worlds, how small. Each is a comparison in a folder of its own, and all ask one engine. An
interrupted suite continues, with `--run FOLDER`, where it stopped. The table is printed, and written as `suite.csv` and
`suite.md`.
"""

import argparse
import math
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from agents.minds.vllm import share_engine
from experiments import comparison
from experiments.frames import column, rows_where, to_records
from experiments.people_arm import Counts, count_effects
from experiments.reports.page import format_number
from sandbox.composition import to_plain
from sandbox.errors import DataError, SandboxError, exit_code
from sandbox.files import replace_text
from sandbox.output.progress import notify, resume_with_bar
from sandbox.output.run_figures import draw_run
from sandbox.paths import CONF_DIR, dated_run_dir
from sandbox.quoting import quote
from sandbox.runtime.manifest import FILE, Manifest
from sandbox.runtime.reactions import read_reactions
from sandbox.runtime.run import Run
from sandbox.settings import Settings, validate
from sandbox.tables import write_table

COLUMNS = (
    "world", "mind", "num_effects", "num_same_sign", "num_inside", "effect_error", "num_reactions", "num_reacting",
    "num_facts", "num_within", "num_outside", "num_seeds", "model",
)  # fmt: skip
"""`num_effects`: effects that people show; of them, `num_same_sign` with people's sign, and `num_inside` of those in
people's interval. `effect_error`: root mean square of (effect - people's) / people's over these effects: 0 is people's
effects, 1 is no effects at all. Reactions and facts are counted over all arms of the mind that can be judged."""
REACTS = "reacts"
REPORT = "report.html"
"""What a finished comparison has in its folder."""


class Suite(Settings):
    """`conf/suite.yaml`."""

    common: list[str]
    """Settings of all worlds, in Hydra's syntax."""
    worlds: dict[str, list[str]] = Field(min_length=1)
    """Settings of each world, by its name."""


def load_suite() -> Suite:
    """Read `conf/suite.yaml`."""
    from omegaconf import OmegaConf

    return validate(Suite, to_plain(OmegaConf.load(CONF_DIR / "suite.yaml")), "suite")


def run_all(suite: Suite, overrides: Sequence[str], folder: Path, say: Callable[[str], None]) -> None:
    """Compare the arms of every world, except where that is done already.

    Raises:
        SandboxError: A comparison cannot be made.
    """
    with share_engine():
        for number, (world, settings) in enumerate(suite.worlds.items(), 1):
            say(f"{world} ({number} of {len(suite.worlds)})")
            _compare(folder / world, [f"world={world}", *suite.common, *settings, *overrides])


def _compare(folder: Path, overrides: Sequence[str]) -> None:
    """Make a comparison in `folder`, or what is left of it."""
    exists = (folder / FILE).is_file()
    run = Run(folder) if exists else comparison.start([*overrides, f"run_dir={quote(folder)}"])
    if run.manifest.status == "finished" and (folder / REPORT).is_file():
        return
    results = resume_with_bar(run)
    draw_run(run, results)
    comparison.conclude(run, results, lambda finding: None)


def suite_table(folder: Path) -> pd.DataFrame:
    """Return one row for each world and mind of the comparisons in a folder; see `COLUMNS`."""
    rows = [row for path in sorted(folder.glob("*/comparison/people.csv")) for row in _world_rows(path.parents[1])]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def format_suite(table: pd.DataFrame) -> list[str]:
    """Return the table as Markdown, line by line: a row for each world, a column for each mind."""
    minds = list(dict.fromkeys(table["mind"]))
    lines = [
        f"| world | {' | '.join(minds)} |",
        f"|---|{'---|' * len(minds)}",
    ]
    for world in dict.fromkeys(table["world"]):
        rows = {row["mind"]: row for row in to_records(rows_where(table, column(table, "world") == world))}
        cells = [_describe_cell(rows[mind]) if mind in rows else "–" for mind in minds]
        lines.append(f"| {world} | {' | '.join(cells)} |")
    return lines


def _describe_cell(row: Mapping[str, Any]) -> str:
    effects = f"effects {row['num_same_sign']} of {row['num_effects']}, error {format_number(row['effect_error'])}"
    reactions = f"reactions {row['num_reacting']} of {row['num_reactions']}"
    return f"{effects}; {reactions}; facts {row['num_within']} of {row['num_facts']}"


def _world_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of one world."""
    config, slopes = Manifest.read(folder).segments[-1].config, read_reactions(folder, "slopes")
    people, facts = (_read_table(folder, name) for name in ("people", "facts"))
    counts, arms = count_effects(people), config.arms()
    rows: list[dict[str, Any]] = []
    for mind in dict.fromkeys(arm.mind for arm in arms):
        names = [arm.name for arm in arms if arm.mind == mind]
        number, same, inside = counts.get(mind, Counts(0, 0, 0))
        reactions = [] if slopes is None else _verdicts(slopes, names)
        judged = _verdicts(rows_where(facts, column(facts, "value").notna()), names)
        rows.append(
            {
                **{"world": folder.name, "mind": mind, "model": config.model, "num_seeds": len(config.seeds)},
                **{"num_effects": number, "num_same_sign": same, "num_inside": inside},
                "effect_error": effect_error(people, mind),
                **{"num_reactions": len(reactions), "num_reacting": reactions.count(REACTS)},
                **{"num_facts": len(judged), "num_within": judged.count("within")},
                "num_outside": judged.count("outside"),
            }
        )
    return rows


def _read_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a comparison; an empty text is a text."""
    table = pd.read_csv(folder / "comparison" / f"{name}.csv")
    return table.fillna({"control": "", "sign": ""})


def _verdicts(table: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    return list(rows_where(table, column(table, "arm").isin(arms))["verdict"])


def effect_error(people: pd.DataFrame, mind: str) -> float:
    """Return the root mean square of a mind's relative errors in the effects that people show; NaN if there is none."""
    ratios = rows_where(people, column(people, "mind") == mind)["ratio"].dropna().to_numpy(float)
    return float(np.sqrt(np.mean((ratios - 1) ** 2))) if len(ratios) else math.nan


def main(words: Sequence[str]) -> int:
    """Run the suite and print its table; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.suite", description="Every world, small, beside people."
    )
    parser.add_argument("--run", type=Path, help="folder of an earlier suite, to continue it")
    parser.add_argument("overrides", nargs="*", metavar="SETTING=VALUE", help="settings of all worlds")
    args = parser.parse_args(words)
    folder = args.run or dated_run_dir("suite")
    again = f"continue with `python -m experiments.suite --run {shlex.quote(str(folder))}`"

    def run_suite() -> int:
        try:
            run_all(load_suite(), args.overrides, folder, notify)
        except SandboxError as error:
            if not folder.is_dir():  # nothing was begun
                raise
            raise DataError(f"{error}; {again}") from error
        table = suite_table(folder)
        paths = write_table(table, folder / "suite")
        page = folder / "suite.md"
        replace_text(page, "\n".join([*format_suite(table), ""]))
        print("\n".join(["", *format_suite(table), "", *map(str, [*paths, page])]))
        return 0

    return exit_code(run_suite, f"what was answered is in the logs; {again}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
