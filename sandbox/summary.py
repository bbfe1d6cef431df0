"""What a scientist wants to read after a run: what was simulated, what came out, and how far to trust it.

Reads the manifest, the results and sums over the decision log; prints at most some 45 lines.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from math import isnan, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sandbox.assembly import world_class
from sandbox.intervals import Mean
from sandbox.log import DecisionLog
from sandbox.manifest import Manifest
from sandbox.question import Choose
from sandbox.results import Results
from sandbox.world import World

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sandbox.run import Run

MAX_CHOICES = 50_000
"""Choices that are looked at for the bias to the first place."""
MAX_ARMS = 4
NARROW = 100
"""Columns where the output is no terminal."""


class FirstPlace(NamedTuple):
    """How often the option shown first was chosen, where the order was shuffled and so means nothing."""

    num: int
    chosen: int
    expected: float
    """How often it would be chosen if the place did not matter: the sum of 1/options."""
    variance: float

    @classmethod
    def of(cls, log: DecisionLog) -> "FirstPlace":
        """Look at the log's first `MAX_CHOICES` choices."""
        num, chosen, expected, variance = 0, 0, 0.0, 0.0
        for row in islice(log.decisions("position IS NOT NULL"), MAX_CHOICES):
            form = _CONTENT.decode(row["content"])[2]
            if not form.ordered:
                chance = 1 / len(form.options)
                num, chosen, expected = num + 1, chosen + (row["position"] == 0), expected + chance
                variance += chance * (1 - chance)
        return cls(num, chosen, expected, variance)

    def p_value(self) -> float:
        """Probability of a share at least as far from chance, were places without effect (normal approximation)."""
        score = abs(self.chosen - self.expected) / sqrt(self.variance)
        return 2 * (1 - NormalDist().cdf(score))


class Tally(NamedTuple):
    """Sums over a decision log."""

    totals: Mapping[str, float]
    """As `DecisionLog.totals` gives them."""
    batches: int
    sources: Mapping[str, int]
    voices: Mapping[str, int]
    models: Sequence[str]
    written: int
    """Answers that were written, not chosen."""
    first_place: FirstPlace

    @classmethod
    def of(cls, log: DecisionLog) -> "Tally":
        """Count."""
        sources, voices, models = (log.counts(column) for column in ("source", "voice", "model"))
        named = [model for model in models if model]
        return cls(log.totals(), log.num_batches, sources, voices, named, log.num_written(), FirstPlace.of(log))


def print_summary(run: "Run", results: Results) -> None:
    """Sum up a run, finished or not, on the terminal."""
    from rich.console import Console

    log = run.log()
    try:
        tally = Tally.of(log)
    finally:
        log.close()
    kind, _ = world_class(run.manifest.segments[-1].config)
    console = Console(width=None if sys.stdout.isatty() else NARROW, highlight=False)
    summarize(console, run.manifest, results, tally, kind)


def summarize(console: "Console", manifest: Manifest, results: Results, tally: Tally, kind: type[World]) -> None:
    """Print the headline, the metrics, and what to know before believing them."""
    steps: Any = results.metrics["step"]
    done = 0 if steps.empty else int(steps.max()) + 1
    console.print()
    console.print(manifest.folder.name, style="bold", markup=False)
    for line in headline(manifest, kind, tally, done):
        console.print(line, markup=False)
    console.print()
    if done:
        console.print(metrics_table(results, kind.measures))
    else:
        console.print("No step is finished yet.")
    console.print()
    console.print(_grid(honesty(manifest, tally)))


def headline(manifest: Manifest, kind: type[World], tally: Tally, done: int) -> list[str]:
    """Who was simulated for how long, and who answered."""
    config = manifest.segments[-1].config
    _, params = world_class(config)
    size = int(config.population["size"])
    people = kind.num_people(params, size)
    who = f"{people:,} people" if people == size else f"{people:,} people, {size:,} of them on the graph"
    steps = f"{done:,} steps" if done == config.steps else f"{done:,} of {config.steps:,} steps"
    ended = "" if manifest.status == "finished" else "; unfinished: go on with `resume`"
    lines = [f"{kind.__name__}: {who}; {steps}; {_seeds(config.seeds)}{ended}."]
    if tally.voices:
        models = f" ({', '.join(tally.models)})" if tally.models else ""
        lines.append(f"Answered by {_shares(tally.voices)}{models}.")
    if changes := [str(part.from_step) for part in manifest.segments[1:]]:
        lines.append(f"A branch: the settings change before step {', '.join(changes)}.")
    return lines


def metrics_table(results: Results, measures: Mapping[str, str]) -> "Table":
    """All metrics: first, last and mean over steps; of several arms the mean over steps only."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    metrics: Any = results.metrics
    arms = list(metrics["arm"].unique())
    spread = " ± 95 % interval over seeds" if metrics["seed"].nunique() > 1 else ""
    columns = ["first step", "last step", "mean"] if len(arms) == 1 else [f"{arm}" for arm in arms[:MAX_ARMS]]
    title = "metric" if len(arms) == 1 else "metric, mean over steps"
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(Text(title + spread), no_wrap=True, overflow="ellipsis", min_width=20)
    for name in columns:
        table.add_column(Text(name), justify="right", no_wrap=True)
    for measure, label in measures.items():
        cells = over_steps(metrics, measure) if len(arms) == 1 else _by_arm(metrics, measure, arms[:MAX_ARMS])
        table.add_row(Text(label), *(shown(cell) for cell in cells))
    if left := arms[MAX_ARMS:]:
        table.caption = f"{len(left)} more arms are in metrics.csv"
    return table


def over_steps(metrics: Any, measure: str) -> tuple[Mean, Mean, Mean]:
    """A metric at the first step, at the last step and on average over steps; means over seeds."""
    at = metrics.groupby("seed")[measure]
    return Mean.of(at.first().to_list()), Mean.of(at.last().to_list()), Mean.of(at.mean().to_list())


def honesty(manifest: Manifest, tally: Tally) -> list[tuple[str, str]]:
    """What to know before believing the numbers: sources, mishaps, bias, cost, and where the files are."""
    totals, number = tally.totals, int(tally.totals["decisions"])
    lines = [
        ("decisions", f"{number:,} in {tally.batches:,} batches" + (f": {_shares(tally.sources)}" if number else ""))
    ]
    lines.append(("mishaps", _mishaps(tally)))
    lines.append(("first shown", _order(tally.first_place)))
    prompt, written = totals["prompt_tokens"], totals["output_tokens"]
    if prompt or written:
        cached = _percent(totals["cached_tokens"], prompt)
        lines.append(("tokens", f"{prompt:,.0f} read ({cached} from the prefix cache), {written:,.0f} written"))
    lines.append(("time", _time(totals, manifest)))
    figures = manifest.folder / "figures"
    lines.append(
        ("figures", _near(figures) if figures.is_dir() else f"python -m sandbox plot {_near(manifest.folder)}")
    )
    return lines


def shown(mean: Mean) -> str:
    """A number and its interval, with as many decimals as a reader can use."""
    if isnan(mean.value):
        return "–"
    size = max(abs(mean.value), 0 if isnan(mean.half_width) else mean.half_width)
    decimals = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3
    if mean.value == round(mean.value) and not mean.half_width > 0:
        decimals = 0
    if isnan(mean.half_width):
        return f"{mean.value:,.{decimals}f}"
    return f"{mean.value:,.{decimals}f} ± {mean.half_width:,.{decimals}f}"


def _by_arm(metrics: Any, measure: str, arms: Sequence[str]) -> list[Mean]:
    return [over_steps(metrics[metrics["arm"] == arm], measure)[2] for arm in arms]


def _grid(lines: Sequence[tuple[str, str]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, text in lines:
        grid.add_row(Text(name, style="bold"), Text(text))
    return grid


def _mishaps(tally: Tally) -> str:
    totals, number = tally.totals, tally.totals["decisions"]
    parts = [
        f"fallback {_part(tally.sources.get('fallback', 0), number)}",
        f"truncated {_part(totals['truncated'], tally.written, ' of texts')}",
        f"asked again {_part(totals['retried'], number)}",
    ]
    return ", ".join(parts)


def _order(first: FirstPlace) -> str:
    if not first.num:
        return "no choice was shown in shuffled order"
    p = first.p_value()
    chance = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return (
        f"chosen in {_percent(first.chosen, first.num)} of {first.num:,} shuffled choices; "
        f"{_percent(first.expected, first.num)} by chance ({chance})"
    )


def _time(totals: Mapping[str, float], manifest: Manifest) -> str:
    seconds = totals["seconds"]
    parts = [f"{_duration(seconds)} of answering"]
    if seconds > 0:
        parts.append(f"{totals['decisions'] / seconds:,.0f} decisions/s")
    if manifest.status == "finished":
        parts.append(f"{_duration(manifest.wall_s)} in all")
    return ", ".join(parts)


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    in_row = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{len(seeds)} seeds ({f'{seeds[0]} to {seeds[-1]}' if in_row else ', '.join(map(str, seeds))})"


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name or 'unnamed'} {_percent(count, total)}" for name, count in ordered)


def _part(count: float, whole: float, of: str = "") -> str:
    return f"{count:,.0f} ({_percent(count, whole)}{of})" if count else "0"


def _percent(part: float, whole: float) -> str:
    """A share in %; never `0 %` or `100 %` where it is not exactly that."""
    share = 100 * part / whole if whole else 0.0
    if share in (0.0, 100.0):
        return f"{share:.0f} %"
    return "< 0.1 %" if share < 0.1 else "> 99.9 %" if share > 99.9 else f"{share:.1f} %"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 else "< 0.1 s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _near(path: Path) -> str:
    """A path as short as it can be said from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)


_CONTENT = msgspec.json.Decoder(tuple[str, msgspec.Raw, Choose])
