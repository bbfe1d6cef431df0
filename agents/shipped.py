"""The HumanLLM adapters that come with the project, by the model that each was trained on."""

from pathlib import Path

from sandbox.errors import BackendError

SHIPPED = "shipped"
"""Stands in settings for the adapter that comes with the project for the run's model."""
ADAPTERS_DIR = Path(__file__).parent / "humanllm"


def adapter_folder(adapter: str, model: str) -> Path:
    """Return the folder of an adapter.

    Args:
        adapter: A folder, or `shipped` for the project's own adapter.
        model: The base model; only a named one has an adapter in the project.

    Raises:
        BackendError: No adapter is shipped for that model.
    """
    if adapter != SHIPPED:
        return Path(adapter)
    folder = ADAPTERS_DIR / model
    if not _is_plain_name(model) or not folder.is_dir():
        models = ", ".join(sorted(path.name for path in ADAPTERS_DIR.iterdir() if path.is_dir()))
        raise BackendError(
            f"no HumanLLM comes with the project for model={model}, only for {models}; mind=base runs the model "
            "unchanged, and mind.adapters.humanllm=FOLDER runs your own adapter (`python -m training sft`)"
        )
    return folder


def _is_plain_name(model: str) -> bool:
    """Return whether `model` is a single path component, so that it cannot point out of the folder of adapters."""
    return Path(model).name == model
