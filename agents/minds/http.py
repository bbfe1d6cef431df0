"""Many JSON requests to a few equal servers: bounded, tried again, and moved to another server where one is down.

Knows nothing of language models. Every batch ends: a request that a server fails to answer is tried `retries` times
more, and when no server can be reached for as long as those tries could pause, the rest of the batch is given up at
once, so a dead server costs that time once a batch and not once a request. Pauses grow exponentially, with full
jitter (Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog).
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from itertools import count, cycle, islice
from math import ceil, inf
from random import Random
from threading import Thread
from time import monotonic
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from sandbox.errors import BackendError

MAX_PAUSE_S = 15.0
"""Longest pause before another try."""
CONNECT_S = 5.0
"""Longest wait for a connection."""
POOL_SIZE = 16
"""Connections of one pool; httpx looks through a whole pool at every request, so one of 128 has half the throughput."""
KEEP_ALIVE_S = 3.0
"""Idle connections are closed after this, before a server does it (uvicorn: 5 s) just as a request is on its way."""
_BUSY = (408, 409, 425, 429)
_THIS_MACHINE = ("all://localhost", "all://127.0.0.1", "all://[::1]")

T = TypeVar("T")


class Patience(NamedTuple):
    """How long to try."""

    retries: int
    """How often a request is tried again that a server failed to answer."""
    backoff_s: float
    """Longest first pause; it doubles with every further one, up to `MAX_PAUSE_S`."""
    timeout_s: float
    """Longest wait for an answer."""

    def pause_s(self, failures: int) -> float:
        """Longest pause after so many failures in a row, from 1."""
        return min(MAX_PAUSE_S, self.backoff_s * 2.0 ** min(failures - 1, 30))

    def outage_s(self) -> float:
        """How long all servers may be down before work is given up."""
        return sum(self.pause_s(failures) for failures in range(1, self.retries + 1))


class Client:
    """Posts batches of requests; its connections, and the thread with their event loop, live until `close`.

    Proxies and certificates come from the environment as for any program (`HTTPS_PROXY`, `NO_PROXY`,
    `SSL_CERT_FILE`), but this machine is never asked through a proxy: no proxy reaches our localhost.
    """

    def __init__(
        self, urls: Sequence[str], key: str, concurrency: int, patience: Patience, seed: int, advice: Mapping[int, str]
    ) -> None:
        """Connect to nothing yet.

        Args:
            urls: The servers; a request's path is appended.
            key: Bearer token; empty: none.
            concurrency: Requests in flight at once, over all servers.
            patience: How long to try.
            seed: Of the jitter.
            advice: What to do about a refusal, by status code; 0 is for any other.
        """
        self.num_retries = 0
        self.reason = ""
        """Why the last failed try failed."""
        self._servers = [_Server(url) for url in urls]
        self._key, self._concurrency, self._patience, self._advice = key, concurrency, patience, advice
        self._turn, self._jitter = count(), Random(seed)
        self._pools = _pools(key, concurrency, patience.timeout_s)
        self._loop = asyncio.new_event_loop()
        # in a thread, so that a notebook, which runs a loop already, can post too
        self._thread = Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()

    def get_each(self, path: str, kind: type[T]) -> dict[str, T]:
        """Get `path` from every server, once; by URL, without those that cannot be had (`reason` says why)."""
        return self._run(self._get_each(path, kind))

    def post_all(self, path: str, bodies: Sequence[Any], kind: type[T]) -> list[T | None]:
        """Post every body to one of the servers each.

        Returns:
            The answers in the order of `bodies`; None for one that could not be had.

        Raises:
            BackendError: A server refused a request for good, such as with status 401 or 404.
        """
        return self._run(self._post_all(path, bodies, kind))

    def close(self) -> None:
        """Close all connections and end the thread."""
        if not self._loop.is_closed():
            self._run(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # after Ctrl-C; else it is done and this does nothing

    async def _close(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    async def _get_each(self, path: str, kind: type[T]) -> dict[str, T]:
        found: dict[str, T] = {}
        for server in self._servers:
            try:
                found[server.url] = self._read(server, await self._pools[0].get(server.url + path), kind)
            except (httpx.RequestError, _AgainError) as error:
                self._note(server, error)
        return found

    async def _post_all(self, path: str, bodies: Sequence[Any], kind: type[T]) -> list[T | None]:
        for server in self._servers:
            server.begin()
        found: list[T | None] = [None] * len(bodies)
        left = iter(enumerate(bodies))

        async def work(pool: httpx.AsyncClient) -> None:
            for place, body in left:
                found[place] = await self._post(pool, path, msgspec.json.encode(body), kind)

        pools = islice(cycle(self._pools), min(self._concurrency, len(bodies)))
        workers = [asyncio.create_task(work(pool)) for pool in pools]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return found

    async def _post(self, pool: httpx.AsyncClient, path: str, body: bytes, kind: type[T]) -> T | None:
        """Try one request; a server that was not reached costs no try, for the outage's bound ends that."""
        failures = 0
        while failures <= self._patience.retries and (server := await self._next()):
            try:
                return self._read(server, await pool.post(server.url + path, content=body), kind)
            except (httpx.RequestError, _AgainError) as error:
                self._note(server, error)
                self.num_retries += 1
                if isinstance(error, httpx.ConnectError | httpx.TimeoutException):
                    server.set_aside(self._patience.pause_s(server.failures + 1) * self._jitter.uniform(0.5, 1))
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    failures += 1
                    await asyncio.sleep(self._pause(failures, error))
        return None

    async def _next(self) -> "_Server | None":
        """The next server in turn that is not set aside, once there is one; None where the outage is too long."""
        while True:
            now = monotonic()
            end = max(server.down_since for server in self._servers) + self._patience.outage_s()
            if now >= end:
                return None
            if up := [server for server in self._servers if server.back_at <= now]:
                return up[next(self._turn) % len(up)]
            await asyncio.sleep(min(end, *(server.back_at for server in self._servers)) - now)

    def _pause(self, failures: int, error: Exception) -> float:
        if failures > self._patience.retries:
            return 0.0
        asked = min(error.wait_s, MAX_PAUSE_S) if isinstance(error, _AgainError) else 0.0
        return max(asked, self._jitter.uniform(0, self._patience.pause_s(failures)))

    def _read(self, server: "_Server", response: httpx.Response, kind: type[T]) -> T:
        server.answered()
        status = response.status_code
        if response.is_success:
            try:
                return msgspec.json.decode(response.content, type=kind)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise _AgainError(f"an unreadable answer ({error})") from error
        message = _message(response)
        if self._key:
            message = message.replace(self._key, "***")
        if status in _BUSY or status >= 500:
            wait = response.headers.get("Retry-After", "")
            raise _AgainError(f"status {status}: {message}", float(wait) if wait.isdecimal() else 0.0)
        advice = self._advice.get(status, self._advice[0])
        raise BackendError(f"{server.url} refused a request with status {status}: {message}; {advice}")

    def _note(self, server: "_Server", error: Exception) -> None:
        self.reason = f"{server.url}: {error or type(error).__name__}"


class _Server:
    """One of the servers, and whether it is up."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.failures = 0
        self.back_at = 0.0
        self.down_since = inf
        """When it was first set aside of all times since it last answered; infinite while it answers."""

    def begin(self) -> None:
        """Every batch waits out an outage anew."""
        if self.failures:
            self.down_since = monotonic()

    def answered(self) -> None:
        self.failures, self.back_at, self.down_since = 0, 0.0, inf

    def set_aside(self, pause_s: float) -> None:
        now = monotonic()
        if self.back_at <= now:  # else a request beside this one has done it
            self.failures += 1
            self.back_at, self.down_since = now + pause_s, min(self.down_since, now)


class _AgainError(Exception):
    """A server answered, but not yet with what was asked for."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def _pools(key: str, concurrency: int, timeout_s: float) -> list[httpx.AsyncClient]:
    """Pools of connections that hold `concurrency` in all and share what is slow to load."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s), pool=None)
    limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_S)  # there are no more requests than workers
    certificates = httpx.create_ssl_context()
    direct: dict[str, httpx.AsyncBaseTransport | None] = dict.fromkeys(_THIS_MACHINE)
    return [
        httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits, verify=certificates, mounts=direct)
        for _ in range(ceil(concurrency / POOL_SIZE))
    ]


def _message(response: httpx.Response) -> str:
    """What the server says about its refusal."""
    try:
        body = response.json()
    except ValueError:
        body = response.text
    for name in ("error", "message", "detail"):
        body = body.get(name, body) if isinstance(body, dict) else body
    return " ".join(str(body).split())[:300] or "no reason given"
