"""Which models under evaluation one engine can hold: the base with all adapters on it, or one complete model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agents.shipped import adapter_folder
from sandbox.core.mind import Mind, MindContext, RuleMind
from sandbox.errors import ConfigError
from sandbox.runtime.assembly import answer_cache_file
from training.evaluation.config import EvaluateConfig
from training.synthesis.questions import resolve_mind_class


class EngineGroup(NamedTuple):
    """The models of one engine."""

    base: str
    """What the engine loads: a known name, a hub id or a folder."""
    models: Mapping[str, str | None]
    """Folder of each model's adapter, by name; None: what the engine loads, without an adapter. Empty if only complete
    models are compared."""

    def adapters(self) -> dict[str, Path]:
        """Return the folders of the adapters, by name."""
        return {name: adapter_folder(adapter, self.base) for name, adapter in self.models.items() if adapter}


def group_by_engine(config: EvaluateConfig) -> list[EngineGroup]:
    """Return the group of the base model first, even if it is empty; then one group for each complete model."""
    complete = {name: path for name, path in config.models.items() if path and is_complete_model(Path(path))}
    on_base = {name: path for name, path in config.models.items() if name not in complete}
    return [EngineGroup(config.model, on_base), *(EngineGroup(path, {name: None}) for name, path in complete.items())]


def is_complete_model(folder: Path) -> bool:
    """Return whether a folder holds a complete model rather than an adapter."""
    return (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file()


def open_mind(config: EvaluateConfig, group: EngineGroup, notify: Callable[[str], None]) -> Mind:
    """Open the mind of a simulation that answers for all models of a group, each by its adapter's name."""
    adapters = {name: adapter for name, adapter in group.models.items() if adapter}
    return _build_mind(config.mind, "mind", {"adapters": adapters} if adapters else {}, group.base, notify)


def open_judge(config: EvaluateConfig, notify: Callable[[str], None]) -> Mind:
    """Open the mind that judges."""
    return _build_mind(config.judge.mind or {}, "judge.mind", {}, config.judge.model or "", notify)


def _build_mind(
    node: Mapping[str, Any], setting: str, adapters: Mapping[str, Any], model: str, notify: Callable[[str], None]
) -> Mind:
    kind, settings = resolve_mind_class(node, setting)
    if issubclass(kind, RuleMind):
        raise ConfigError(f"{setting} is rule, but rules answer only the questions of a world; evaluate with mind=base")
    return kind.build({**settings, **adapters}, MindContext({}, model, answer_cache_file(), notify))
