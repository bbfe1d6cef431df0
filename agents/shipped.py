"""The HumanLLM adapters that come with the project, by the model that each was trained on."""

from pathlib import Path

from sandbox.errors import BackendError

SHIPPED = "shipped"
"""What settings call them."""
FOLDER = Path(__file__).parent / "humanllm"


def adapter_folder(named: str, model: str) -> Path:
    """The folder of an adapter, or of the shipped one for a model.

    Raises:
        BackendError: None is shipped for that model.
    """
    if named != SHIPPED:
        return Path(named)
    folder = FOLDER / model
    if not _is_name(model) or not folder.is_dir():
        known = ", ".join(sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))
        raise BackendError(
            f"no HumanLLM comes with the project for model={model}, only for {known}; mind=base runs the model as it "
            "is, and mind.adapters.humanllm=FOLDER runs an adapter of your own (`python -m training sft`)"
        )
    return folder


def _is_name(model: str) -> bool:
    return Path(model).name == model
