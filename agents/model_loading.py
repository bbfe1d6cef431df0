"""Load a model's weights with transformers, for training and for likelihoods; engines load their own."""

from typing import Any

from sandbox.errors import BackendError


def load_causal_model(path: str, **options: Any) -> Any:
    """Return a causal language model, from safetensors only: other formats can run code when they are read.

    Args:
        path: Folder or hub id.
        options: As `AutoModelForCausalLM.from_pretrained` takes them.

    Raises:
        BackendError: There are no such weights.
    """
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(path, use_safetensors=True, **options)
    except OSError as error:
        reason = str(error).strip().splitlines()[0]
        raise BackendError(
            f"cannot load the weights of {path} ({reason}); they must be safetensors, since other formats can run code "
            "when they are read: load the model with transformers and save it again (save_pretrained)"
        ) from error
