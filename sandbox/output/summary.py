"""What a scientist wants to read after a run: what was simulated, what the results are, and how far to trust them.

Reads the manifest, the results and sums over the decision log; prints at most about 55 lines.
"""

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sandbox.core.world import World
from sandbox.counting import count_of
from sandbox.intervals import Mean
from sandbox.output.formatting import (
    format_count,
    format_duration,
    format_mean,
    format_path,
    format_percent,
    format_rate,
    format_shares,
)
from sandbox.output.log_totals import LogTotals, OddsRatio, PositionBias
from sandbox.output.metrics_table import MAX_ARMS, UNBOUNDED, print_metrics
from sandbox.output.provenance import describe_agents, describe_seeds, describe_settings
from sandbox.output.reactions import failure_note, weakest_lines
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.manifest import Manifest
from sandbox.runtime.reactions import read_reactions
from sandbox.runtime.results import NETWORK, Results

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from sandbox.runtime.run import Run


def print_summary(run: "Run", results: Results) -> None:
    """Print the summary of a run, finished or not, to the terminal."""
    from rich.console import Console

    config = run.manifest.segments[-1].config
    with closing(run.log()) as log:
        totals = LogTotals.of(log, config.presentation.shuffle)
    kind, _ = resolve_world(config)
    console = Console(width=None if sys.stdout.isatty() else UNBOUNDED, highlight=False)
    write_summary(console, run.manifest, results, totals, kind)


def write_summary(
    console: "Console", manifest: Manifest, results: Results, totals: LogTotals, kind: type[World[Any]]
) -> None:
    """Write the headline, the metrics, and what to know before believing them."""
    num_steps = int(max(results.metrics["step"], default=-1)) + 1
    console.print()
    console.print(manifest.folder.resolve().name, style="bold", markup=False)
    for line in (*headline(manifest, kind, totals, num_steps), *describe_settings(manifest)):
        console.print(line, markup=False)
    if (networks := results.tables.get(NETWORK)) is not None:
        console.print(describe_network(networks), markup=False)
    slopes = read_reactions(manifest.folder, "slopes")
    if slopes is not None and not slopes.empty:
        console.print()
        for line in (*weakest_lines(slopes, kind.reactions), failure_note(slopes)):
            console.print(line, markup=False)
    console.print()
    if num_steps:
        print_metrics(console, results, kind.metric_labels)
    else:
        console.print("No step is finished yet.")
    console.print()
    console.print(_two_columns(quality_lines(manifest, totals)))


def headline(manifest: Manifest, kind: type[World[Any]], totals: LogTotals, num_steps: int) -> list[str]:
    """Return lines that say who was simulated for how long, and who answered."""
    config = manifest.segments[-1].config
    done = "" if num_steps == config.steps else f"{num_steps:,} of "
    steps = f"{done}{count_of(config.steps, 'step')}"
    ending = "" if manifest.status == "finished" else "; unfinished, continue it with `resume`"
    lines = [f"{kind.name}: {describe_agents(config)}; {steps}; {describe_seeds(config.seeds)}{ending}."]
    if totals.minds:
        models = f" ({', '.join(totals.models)})" if totals.models else ""
        lines.append(f"Answered by {_describe_by_arm(totals.minds)}{models}.")
    lines += [f"Note: {note}" for note in manifest.notes]
    if changes := [str(part.from_step) for part in manifest.segments[1:]]:
        lines.append(f"This run is a branch: its settings can differ from step {', '.join(changes)} on.")
    return lines


def describe_network(networks: "pd.DataFrame") -> str:
    """Return one line about the social graphs of a run; with several, the means of their numbers."""
    graphs = networks.drop(columns=["arm", "seed"]).drop_duplicates()
    means = {str(name): float(value) for name, value in graphs.mean().items()}
    numbers = [
        count_of(means["nodes"], "agent"),
        count_of(means["ties"], "tie"),
        f"mean degree {_format_or_dash(means['mean_degree'])} (largest {means['max_degree']:,.0f})",
        f"clustering {_format_or_dash(means['clustering'])}",
        f"degree assortativity {_format_or_dash(means['degree_assortativity'])}",
        f"{format_percent(means['largest_component_share'], 1)} in the largest component",
        f"mean path length {_format_or_dash(means['mean_path_length'])}",
    ]
    name = "Social graph" if len(graphs) == 1 else f"Social graphs (means of {len(graphs)})"
    return f"{name}: {', '.join(numbers)}."


def quality_lines(manifest: Manifest, totals: LogTotals) -> list[tuple[str, str]]:
    """Return what to know before believing the numbers: where answers are from, data quality, bias, cost, files."""
    sums, number = totals.sums, int(totals.sums["decisions"])
    sources = f": {_describe_by_arm(totals.sources)}" if number else ""
    lines = [
        ("decisions", f"{number:,} in {count_of(totals.num_batches, 'batch', 'batches')}{sources}"),
        ("data quality", _describe_quality(totals)),
        ("position bias", _describe_position_bias(totals.position_bias)),
    ]
    if sums["prompt_tokens"] or sums["output_tokens"]:
        from_cache = format_percent(sums["cached_tokens"], sums["prompt_tokens"])
        # a server that does not say what it cached is not one that cached nothing
        cached = f" ({from_cache} from the prefix cache)" if sums["cached_tokens"] else ""
        tokens = f"{sums['prompt_tokens']:,.0f} read{cached}"
        lines.append(("tokens", f"{tokens}, {sums['output_tokens']:,.0f} written"))
    lines.append(("time", _describe_time(sums, manifest)))
    figures = manifest.folder / "figures"
    command = f"python -m sandbox plot {shlex.quote(format_path(manifest.folder))}"
    lines.append(("figures", format_path(figures) if figures.is_dir() else command))
    return lines


def _format_or_dash(value: float) -> str:
    return format_mean(Mean.of([value]))


def _two_columns(lines: Sequence[tuple[str, str]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, text in lines:
        grid.add_row(Text(name, style="bold"), Text(text))
    return grid


def _describe_quality(totals: LogTotals) -> str:
    sums, number = totals.sums, totals.sums["decisions"]
    counts = [
        f"drawn at random (fallbacks) {_describe_fallbacks(totals)}",
        f"truncated {format_count(sums['truncated'], totals.num_texts, 'texts')}",
        f"retried {format_count(sums['retried'], number, 'decisions')}",
    ]
    return ", ".join(counts)


def _describe_fallbacks(totals: LogTotals) -> str:
    """Return the number of fallbacks and their share; of several arms, only those that have some.

    Rule and random agents cannot have any, so their arms do not count.
    """
    has_arms = len(totals.fallbacks) > 1
    parts = [
        format_count(number, total, f"decisions{f' of arm {arm}' * has_arms}")
        for arm, (number, total) in totals.fallbacks.items()
        if number
    ]
    return ", ".join(parts) or "0"


def _describe_by_arm(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return the shares of every name, for arms that differ arm by arm: shares over several arms mean nothing."""
    arms_by_shares: dict[str, list[str]] = {}
    for arm, by_name in counts.items():
        arms_by_shares.setdefault(format_shares(by_name), []).append(arm)
    if len(arms_by_shares) == 1:
        return next(iter(arms_by_shares))
    return "; ".join(f"{shares} in {_name_arms(arms)}" for shares, arms in arms_by_shares.items())


def _name_arms(arms: Sequence[str]) -> str:
    if len(arms) > MAX_ARMS:
        return count_of(len(arms), "arm")
    return f"arm{'s' * (len(arms) > 1)} {', '.join(arms)}"


def _describe_position_bias(biases: Sequence[PositionBias]) -> str:
    if not biases:
        return "no choice had shuffled options"
    arms = list(dict.fromkeys(bias.arm for bias in biases))
    ratios = {arm: OddsRatio.of([bias for bias in biases if bias.arm == arm]) for arm in arms[:MAX_ARMS]}
    parts = [f"{f'{arm} ' * (len(arms) > 1)}{_format_odds_ratio(ratio)}" for arm, ratio in ratios.items()]
    unit = "95 % interval over seeds" if next(iter(ratios.values())).num_seeds > 1 else "one seed, so no interval"
    number = count_of(sum(bias.num for bias in biases), "shuffled choice")
    return f"odds ratio of the first option against chance {', '.join(parts)} ({unit}; {number})"


def _format_odds_ratio(ratio: OddsRatio) -> str:
    return f"{ratio.value:.2f}" + (f" [{ratio.low:.2f}, {ratio.high:.2f}]" if ratio.num_seeds > 1 else "")


def _describe_time(sums: Mapping[str, float], manifest: Manifest) -> str:
    seconds = sums["seconds"]
    parts = [f"{format_duration(seconds)} for the answers"]
    if seconds > 0:
        parts.append(format_rate(sums["decisions"], seconds, "decision"))
    if manifest.status == "finished":
        scope = "in total" if len(manifest.segments) == 1 else "for this branch"
        parts.append(f"{format_duration(manifest.wall_s)} {scope}")
    return ", ".join(parts)
