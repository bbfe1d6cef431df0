"""What the questions of an estimate cost: time, GPU hours, dollars, disk; as sentences, a table and a file."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments.estimate import COUNTS, Estimate
from experiments.frames import column, rows_where, to_records
from experiments.stand_in import Reading
from sandbox.counting import count_of
from sandbox.errors import ConfigError, DataError
from sandbox.output.formatting import format_duration, format_path, format_percent
from sandbox.output.writable import write_named
from sandbox.paths import runs_dir
from sandbox.runtime.manifest import FILE, Manifest, environment

TYPICAL_TEXT_SHARE = 0.7
"""Tokens of a text as a share of the most that it may have; 58 to 87 % by template in our own runs."""
MIN_TOKENS = 1000
"""New tokens of a finished run below which its speed says little."""
MILLION = 1_000_000
SHOWN = {
    "questions": "questions",
    "cached_answers": "cached answers",
    "prompt_tokens": "tokens read",
    "cached_tokens": "from prefix cache",
    "output_tokens": "written at most",
}
"""Counts in the printed table, and what their columns are called there."""
NO_PREFIX_CACHE = "what its prefix cache serves is not known, so all tokens count as read"


class Rate(NamedTuple):
    """How fast a model answers."""

    tokens_per_s: float
    """New tokens in a second: those that are read anew, not from the prefix cache, and those that are written."""
    source: str
    """Where it is from, in words."""
    is_stated: bool = False
    """Whether the user gave it."""


@dataclass(frozen=True)
class Costs:
    """What an estimate costs at a rate and at prices."""

    estimate: Estimate
    rate: Rate | None
    """None: not known."""
    price_input: float | None = None
    """Dollars per million tokens read; None: not stated, as for `price_output`."""
    price_output: float | None = None
    """Dollars per million tokens written."""

    def __post_init__(self) -> None:
        check_prices(self.price_input, self.price_output)

    @property
    def typical_output(self) -> float:
        """Tokens that are written if texts have their typical length."""
        total, texts = self.estimate.total("output_tokens"), self.estimate.total("text_tokens")
        return total - texts + TYPICAL_TEXT_SHARE * texts

    @property
    def seconds(self) -> float | None:
        """Seconds in which the questions are answered; None if no rate is known."""
        if self.rate is None:
            return None
        new_tokens = self.estimate.total("prompt_tokens") - self.estimate.total("cached_tokens")
        return (new_tokens + self.typical_output) / self.rate.tokens_per_s

    @property
    def dollars(self) -> tuple[float, float] | None:
        """Price with texts of typical length and with the longest; None if no prices are stated.

        Tokens that a prefix cache serves count at the full price.
        """
        if self.price_input is None or self.price_output is None:
            return None
        read = self.estimate.total("prompt_tokens") * self.price_input / MILLION
        written = (self.typical_output, self.estimate.total("output_tokens"))
        typical, most = (read + tokens * self.price_output / MILLION for tokens in written)
        return typical, most


def check_prices(price_input: float | None, price_output: float | None) -> None:
    """Raise `ConfigError` if only one of the two prices is stated."""
    if (price_input is None) != (price_output is None):
        raise ConfigError("--price-input needs --price-output, and the reverse: dollars per million tokens")


def find_rate(readings: Mapping[str, Reading]) -> Rate | None:
    """Return the rate of the latest finished run under `runs/` with the same model on this machine, if any."""
    engines = {(reading.urls, reading.model) for reading in readings.values()}
    if len(engines) != 1:
        return None
    machine = environment()["machine"]
    manifests = sorted(_read_finished(runs_dir()), key=lambda manifest: manifest.started, reverse=True)
    for manifest in manifests:
        rate = _measure_rate(manifest)
        if rate and _engines_of(manifest) == engines and _is_same_machine(manifest.machine, machine):
            return Rate(rate, f"measured in {format_path(manifest.folder)}")
    return None


def _read_finished(folder: Path) -> Iterator[Manifest]:
    """Yield the manifests of finished runs, also of those inside studies; damaged and earlier ones say nothing."""
    for pattern in (f"*/{FILE}", f"*/*/{FILE}"):
        for path in folder.glob(pattern):
            with suppress(DataError):
                manifest = Manifest.read(path.parent)
                if manifest.status == "finished":
                    yield manifest


def _measure_rate(manifest: Manifest) -> float | None:
    totals = manifest.totals
    tokens = totals.get("prompt_tokens", 0) - totals.get("cached_tokens", 0) + totals.get("output_tokens", 0)
    seconds = totals.get("seconds", 0)
    return tokens / seconds if tokens >= MIN_TOKENS and seconds > 0 else None


def _engines_of(manifest: Manifest) -> set[tuple[tuple[str, ...], str]]:
    """Return the servers and models that answered in a run, as `Reading` names them."""
    engines: set[tuple[tuple[str, ...], str]] = set()
    for mind in manifest.minds.values():
        if "model" in mind:
            settings = mind.get("engine", {})
            urls = tuple(settings.get("urls", ()))
            name = str(mind["model"]).partition("@")[0]
            engines.add((urls, (settings.get("served_model") or "") if urls else name))
    return engines


def _is_same_machine(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return all(first.get(name) == second.get(name) for name in ("processor", "cores"))


def describe(costs: Costs, overrides: Sequence[str]) -> list[str]:
    """Return what the terminal shows: the table by arm and template, and sentences."""
    table = cost_table(costs.estimate)
    return [*([table.to_string(index=False), ""] if len(table) else []), *describe_costs(costs, overrides)]


def cost_table(estimate: Estimate) -> pd.DataFrame:
    """Return the table of arms and templates of which a language model is asked something; reactions are one row."""
    counts = estimate.counts
    asked = rows_where(counts, column(counts, "questions") + column(counts, "cached_answers") > 0)
    asked = asked.assign(template=column(asked, "template").where(column(asked, "part") == "steps", "(reactions)"))
    sums: Any = asked.groupby(["arm", "template"], sort=False)[list(SHOWN)].sum()
    order = {arm.name: place for place, arm in enumerate(estimate.config.arms())}
    sums = sums.reset_index().sort_values("arm", key=lambda arms: arms.map(order), kind="stable")
    cells = {title: [f"{number:,}" for number in sums[name]] for name, title in SHOWN.items()}
    return pd.DataFrame({"arm": sums["arm"], "template": sums["template"], **cells})


def describe_costs(costs: Costs, overrides: Sequence[str]) -> list[str]:
    """Return what an estimate says, sentence by sentence."""
    estimate = costs.estimate
    size = f"The decision log takes about {estimate.log_bytes / MILLION:.1f} MB on disk."
    end = "Nothing was asked, and no run was begun."
    if not estimate.total("questions"):
        return [_describe_free(estimate), size, end]
    return [
        *_describe_counting(estimate),
        _describe_tokens(costs),
        *_describe_rest(estimate),
        _describe_time(costs, overrides),
        *_describe_price(costs),
        size,
        end,
    ]


def _describe_free(estimate: Estimate) -> str:
    cached = estimate.total("cached_answers")
    known = f", {cached:,} of them with an answer from the answer cache" if cached else ""
    return f"No language model is asked: {count_of(estimate.total('decisions'), 'decision')}{known} cost no tokens."


def _describe_counting(estimate: Estimate) -> Iterator[str]:
    names = ", ".join(dict.fromkeys(reading.model or f"mind={name}" for name, reading in estimate.readings.items()))
    yield (
        f"Rule agents stand in for {names}, so counts that depend on what agents do, such as who reviews and what is "
        "remembered, are approximate."
    )
    for name, reading in estimate.readings.items():
        kind = "those of the model's own tokenizer" if reading.is_exact else "an upper bound, one for each 3 bytes"
        reason = "" if reading.is_exact else ", because the model's tokenizer is not on this machine"
        blocks = "its prefix cache is counted block by block, as in vLLM"
        yield f"Tokens of mind={name} are {kind}{reason}; {blocks if reading.has_prefix_cache else NO_PREFIX_CACHE}."


def _describe_tokens(costs: Costs) -> str:
    estimate = costs.estimate
    read, cached = estimate.total("prompt_tokens"), estimate.total("cached_tokens")
    again = estimate.total("questions", "reactions")
    reactions = f", {again:,} of them to measure reactions at the end" if again else ""
    questions = count_of(estimate.total("questions"), "question")
    batches = count_of(estimate.num_batches, "batch", "batches")
    served = f", {format_percent(cached, read)} of them from the prefix cache" if cached else ""
    usual = f" (about {costs.typical_output:,.0f} if texts have their usual length)"
    return (
        f"{questions} in about {batches}{reactions}: {read:,} tokens are read{served}, and at most "
        f"{estimate.total('output_tokens'):,} are written{usual * (estimate.total('text_tokens') > 0)}."
    )


def _describe_rest(estimate: Estimate) -> Iterator[str]:
    cached = estimate.total("cached_answers")
    if cached:
        yield f"{count_of(cached, 'further answer')} came from the answer cache and cost nothing."
    unknown = [f"mind={name}" for name, reading in estimate.readings.items() if not reading.knows_answers]
    if estimate.config.cache and unknown:
        yield f"The answer cache may hold some of the answers of {', '.join(unknown)}; it was not looked up."
    free = estimate.total("decisions") - estimate.total("questions") - cached
    if free:
        yield f"{count_of(free, 'decision')} by rules or at random cost nothing."
    yield "Interviews (`ask`), second attempts at unusable texts and the start of an engine come on top."


def _describe_time(costs: Costs, overrides: Sequence[str]) -> str:
    if costs.rate is None or costs.seconds is None:
        trial = ["python", "-m", "sandbox", "run", *_trial_overrides(overrides)]
        return (
            "How long that takes is not known: no finished run under runs/ has used this model alone on this machine. "
            f"Run two steps and estimate again ({shlex.join(trial)}), or state a rate in new tokens per second: --rate"
        )
    hours = costs.seconds / 3600
    rate = f"{costs.rate.tokens_per_s:,.0f} new tokens per second, {costs.rate.source}"
    gpu = f"; if one GPU gives that rate, {hours:.3g} GPU hours" if costs.rate.is_stated else ""
    return f"The answers take about {format_duration(costs.seconds)} at {rate}{gpu}."


def _trial_overrides(overrides: Sequence[str]) -> list[str]:
    kept = [text for text in overrides if text.partition("=")[0] not in ("steps", "seeds", "reactions", "run_dir")]
    return [*kept, "steps=2", "seeds=[0]", "reactions=0", "cache=false"]


def _describe_price(costs: Costs) -> Iterator[str]:
    if costs.dollars is not None:
        typical, most = costs.dollars
        yield (
            f"At ${costs.price_input:,g} per million tokens read and ${costs.price_output:,g} written, that is "
            f"${typical:,.2f}, at most ${most:,.2f}; tokens from a prefix cache count in full."
        )
    elif any(reading.urls for reading in costs.estimate.readings.values()):
        yield "For the price of an API, give --price-input and --price-output in dollars per million tokens."


def write_costs(costs: Costs, overrides: Sequence[str], path: Path) -> None:
    """Write all numbers of an estimate as JSON.

    Raises:
        DataError: The file cannot be written.
    """
    estimate = costs.estimate
    node = {
        "command": estimate.command,
        "overrides": list(overrides),
        "totals": {name: estimate.total(name) for name in COUNTS},
        "typical_output_tokens": costs.typical_output,
        "num_batches": estimate.num_batches,
        "log_bytes": estimate.log_bytes,
        "rate": costs.rate and costs.rate._asdict(),
        "seconds": costs.seconds,
        "dollars": costs.dollars and dict(zip(("typical", "most"), costs.dollars, strict=True)),
        "minds": {name: reading._asdict() for name, reading in estimate.readings.items()},
        "sentences": describe_costs(costs, overrides),
        "counts": to_records(estimate.counts),
    }
    write_named(path, json.dumps(node, indent=2))
