"""What a run or a picture is of: settings, minds, seeds, and what changed on the way."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sandbox.counting import count_of
from sandbox.figures.figure import Mark
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig
from sandbox.runtime.manifest import Manifest
from sandbox.runtime.treatments import config_under, interventions_by_arms

MAX_SETTINGS, MAX_LABEL, MAX_VALUE = 400, 18, 60
"""Characters of a line of settings on a picture, of a label beside a mark, and of one value."""
TOLD_ELSEWHERE = ("interventions", "minds", "run_dir", "seeds")
"""Settings that have words of their own, or say nothing about what was simulated."""


def describe_settings(manifest: Manifest) -> list[str]:
    """Return sentences on the settings of a run, its interventions and what a branch changed."""
    lines = [f"Settings: {_list_overrides(manifest)}; all are in manifest.json."]
    if interventions := describe_interventions(manifest.segments[-1].config):
        sentence = f"Interventions: {'; '.join(interventions)}"
        lines.append(f"{sentence.removesuffix('.')}.")
    for step, changes in list_changes(manifest).items():
        lines.append(f"From step {step} on: {', '.join(changes)}.")
    return lines


def describe_origin(manifest: Manifest, varied: Collection[str] = ()) -> str:
    """Return what a picture says it is of: world, minds, seeds and settings, on one line.

    Args:
        manifest: Of the run; of a study with several runs, that of one of them.
        varied: Settings in which the runs of the study differ; nothing is said of these.
    """
    config = manifest.segments[-1].config
    kind, _ = resolve_world(config)
    descriptions = {
        "world": kind.name,
        "mind": describe_minds(manifest),
        "seeds": describe_seeds(config.seeds),
        "": f"settings: {_list_overrides(manifest)}",
    }
    parts = [text for setting, text in descriptions.items() if setting not in varied]
    return _cut("; ".join(parts), MAX_SETTINGS) + "."


def describe_minds(manifest: Manifest) -> str:
    """Return the minds of a run by name, with their language model if there is one."""
    config = manifest.segments[-1].config
    names = [mind or _default_mind(manifest) for mind in config.minds or [""]]
    text = f"mind{'s' * (len(names) > 1)} {', '.join(names)}"
    if config.assignment:
        text += f" ({', '.join(f'{role}: {_format_mix(mix)}' for role, mix in config.assignment.items())})"
    has_model = any("model" in description for description in manifest.minds.values())
    return text + (f", model {config.model}" if has_model else "")


def describe_seeds(seeds: Sequence[int]) -> str:
    """Return the seeds of a run, such as `seed 3` or `4 seeds (0 to 3)`."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    is_range = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{len(seeds)} seeds ({f'{seeds[0]} to {seeds[-1]}' if is_range else ', '.join(map(str, seeds))})"


def list_marks(manifest: Manifest) -> list[Mark]:
    """Return what figures over steps mark: interventions, and steps at which a branch changed settings."""
    marks = [
        Mark(int(node["step"]), _label(node), f"{_describe_change(node)}{_in_arms(arms)}")
        for node, arms in interventions_by_arms(manifest.segments[-1].config)
    ]
    marks += [
        Mark(step, "branch", f"branch with {', '.join(changes) or 'equal settings'}")
        for step, changes in list_changes(manifest).items()
    ]
    return sorted(marks)


def describe_interventions(config: RunConfig) -> list[str]:
    """Return every intervention in words, with the arms in which it happens if it does not in all."""
    return [f"{describe_intervention(node)}{_in_arms(arms)}" for node, arms in interventions_by_arms(config)]


def describe_agents(config: RunConfig) -> str:
    """Return how many agents a world of a run has, and how many of them live on the social graph."""
    numbers: set[tuple[int, int]] = set()
    for arm in config.arms():
        kind, params = resolve_world(config, arm.treatment)
        size = int(config_under(config, arm.treatment).population["size"])
        numbers.add((kind.num_profiles(params, size), size))
    if len(numbers) > 1:
        low, high = min(numbers)[0], max(numbers)[0]
        return f"{low:,} to {high:,} agents, by treatment" if low < high else count_of(low, "agent")
    ((number, size),) = numbers
    return count_of(number, "agent") + (f", {size:,} of them on the social graph" if number != size else "")


def _in_arms(arms: Sequence[str]) -> str:
    return f" (in {', '.join(arms)})" if arms else ""


def describe_intervention(node: Mapping[str, Any]) -> str:
    """Return an intervention as `step 5: set ranking=price`."""
    return f"step {node['step']}: {_describe_change(node)}"


def list_changes(manifest: Manifest) -> dict[int, list[str]]:
    """Return the settings that differ from each branch's first step on, as `name=value`; interventions are left out."""
    return {
        later.from_step: list(_differences(_flatten(earlier.config), _flatten(later.config)))
        for earlier, later in pairwise(manifest.segments)
    }


def _list_overrides(manifest: Manifest) -> str:
    """Return what was typed after the command."""
    names = tuple(f"{name}=" for name in TOLD_ELSEWHERE)
    overrides = [text for text in manifest.overrides if not text.lstrip("+").startswith(names)]
    return " ".join(overrides) or "the defaults"


def _default_mind(manifest: Manifest) -> str:
    config = manifest.segments[-1].config
    adapter = config.mind.get("default_adapter")
    recorded = manifest.minds.get("main", {}).get("mind")
    return str(adapter or recorded or str(config.mind["_target_"]).rpartition(".")[2])


def _format_mix(mix: str | Mapping[str, float]) -> str:
    return mix if isinstance(mix, str) else " and ".join(f"{100 * share:g} % {name}" for name, share in mix.items())


def _label(node: Mapping[str, Any]) -> str:
    """Return what stands beside the mark of an intervention: its kind and, of parameters, their names."""
    names = node.get("params", {}) if node["do"] == "set" else {}
    return _cut(" ".join((node["do"], *names)), MAX_LABEL)


def _describe_change(node: Mapping[str, Any]) -> str:
    settings = {name: value for name, value in node.items() if name not in ("step", "do")}
    settings |= settings.pop("params", {}) if node["do"] == "set" else {}
    values = ", ".join(f"{name}={_cut(str(value), MAX_VALUE)}" for name, value in settings.items())
    return f"{node['do']} {values}".strip()


def _flatten(config: RunConfig) -> dict[str, Any]:
    """Return all settings by their path."""

    def walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict) and value:
            for name, part in value.items():
                yield from walk(f"{path}.{name}" if path else str(name), part)
        else:
            yield path, value

    nodes = config.model_dump(mode="json", exclude={"interventions", "run_dir"})
    return dict(walk("", nodes))


def _differences(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    for name, value in later.items():
        if name not in earlier or earlier[name] != value:
            yield f"{name}={_cut(str(value), MAX_VALUE)}"
    yield from (f"without {name}" for name in earlier if name not in later)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
