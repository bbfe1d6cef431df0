"""Which contestants one engine can hold: the base with all adapters on it, and each whole model by itself."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from agents.shipped import adapter_folder
from sandbox.assembly import answers_file
from sandbox.errors import ConfigError
from sandbox.mind import Context, Mind, Reply
from sandbox.question import Question
from training.evaluate.config import EvaluateConfig
from training.synthesis.asking import mind_class


class Contestants(NamedTuple):
    """Those of one engine."""

    model: str
    """A known name, a hub id or a folder."""
    models: Mapping[str, str | None]
    """Folder of each one's adapter, by name; None: the model itself. Nobody, where only whole models are compared."""

    def adapters(self) -> dict[str, Path]:
        """Folders of adapters, by name."""
        return {name: adapter_folder(named, self.model) for name, named in self.models.items() if named}


def engines(config: EvaluateConfig) -> list[Contestants]:
    """The base's engine first, whoever it holds; then one for each whole model."""
    whole = [(name, named) for name, named in config.models.items() if named and is_whole(Path(named))]
    others = {name: named for name, named in config.models.items() if name not in dict(whole)}
    return [Contestants(config.model, others), *(Contestants(named, {name: None}) for name, named in whole)]


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a model rather than an adapter."""
    return (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file()


def open_mind(config: EvaluateConfig, one: Contestants, say: Callable[[str], None]) -> Mind:
    """The mind of a simulation with these contestants as voices."""
    kind, settings = mind_class(config.mind, "mind")
    adapters = {name: named for name, named in one.models.items() if named}
    context = Context(_no_rule, one.model, answers_file(), say)
    return kind.build({**settings, "adapters": adapters} if adapters else settings, context)


def open_judge(config: EvaluateConfig, say: Callable[[str], None]) -> Mind:
    """The mind that judges."""
    kind, settings = mind_class(config.judge.mind or {}, "judge.mind")
    return kind.build(settings, Context(_no_rule, config.judge.model or "", answers_file(), say))


def _no_rule(question: Question) -> Reply:
    raise ConfigError(f"rules know nothing of {question.template.name}; evaluate with mind=base")
