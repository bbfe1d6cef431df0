"""Many JSON requests to a few equal servers: bounded concurrency, retries, and failover to servers that are up.

Knows nothing of language models. Every batch ends: a request that a server fails to answer is retried `retries` times.
When no server can be reached for as long as those retries could pause, the rest of the batch is given up at once, so a
dead server costs that time once per batch and not once per request. Pauses grow exponentially with full jitter
(Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog).
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

from agents.minds.responses import (
    BUSY_STATUSES,
    REFUSAL_STATUSES,
    UNSUPPORTED_STATUSES,
    Refusal,
    RefusedError,
    RetryableError,
    UnreadableError,
    decode_json,
    error_message,
)

MAX_PAUSE_S = 15.0
"""Longest pause before a retry."""
CONNECT_TIMEOUT_S = 5.0
"""Longest wait for a connection."""
POOL_SIZE = 16
"""Connections of one pool. httpx searches the whole pool at every request: one pool of 128 has half the throughput."""
KEEP_ALIVE_S = 3.0
"""Idle connections are closed after this, before a server closes them (uvicorn: 5 s) while a request is on its way."""
_LOOPBACK_PATTERNS = ("all://localhost", "all://127.0.0.1", "all://[::1]")

T = TypeVar("T")


class RetryPolicy(NamedTuple):
    """How long to keep trying."""

    retries: int
    """Further attempts at a request that a server failed to answer."""
    backoff_s: float
    """Upper bound of the first pause; it doubles with every further one, up to `MAX_PAUSE_S`."""
    timeout_s: float
    """Longest wait for an answer."""

    def max_pause_s(self, failures: int) -> float:
        """Return the longest pause after `failures` failures in a row, at least 1."""
        return min(MAX_PAUSE_S, self.backoff_s * 2.0 ** min(failures - 1, 30))

    def max_outage_s(self) -> float:
        """Return how long all servers may be down before work is given up."""
        return sum(self.max_pause_s(failures) for failures in range(1, self.retries + 1))


class Client:
    """Posts batches of requests; its connections, and the thread with their event loop, live until `close`.

    Proxies and certificates come from the environment as for any program (`HTTPS_PROXY`, `NO_PROXY`,
    `SSL_CERT_FILE`), but requests to this machine bypass the proxy, which could not reach our localhost.
    """

    def __init__(
        self,
        urls: Sequence[str],
        key: str,
        concurrency: int,
        policy: RetryPolicy,
        seed: int,
        advice: Mapping[int, str],
    ) -> None:
        """Prepare the client without connecting to anything.

        Args:
            urls: The servers; a request's path is appended.
            key: Bearer token; empty: none.
            concurrency: Requests in flight at once, over all servers.
            policy: How long to keep trying.
            seed: Seed of the jitter.
            advice: What to do about a refusal, by status code; 0 stands for any other code.
        """
        self.num_retries = 0
        self.num_answered = 0
        self.reason = ""
        """Why the last failed attempt failed."""
        self._servers = [_Server(url) for url in urls]
        self._key, self._concurrency, self._policy, self._advice = key, concurrency, policy, advice
        self._turn, self._jitter = count(), Random(seed)
        self._pools = _open_pools(key, concurrency, policy.timeout_s)
        self._loop = asyncio.new_event_loop()
        # The loop has a thread of its own, so that a notebook, which already runs a loop, can post as well.
        self._thread = Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()

    def get_each(self, path: str, kind: type[T]) -> dict[str, T | None]:
        """Get `path` from every server, once.

        Returns:
            By URL, without servers that fail (`reason` says why); None for a server that does not know the path, or
            answers something else.
        """
        return self._wait_for(self._get_each(path, kind))

    def post_all(self, path: str, bodies: Sequence[Any], kind: type[T]) -> list[T | Refusal | None]:
        """Post each body to one of the servers.

        Returns:
            The answers in the order of `bodies`; None for one that was given up.

        Raises:
            BackendError: A server refused a request in a way that concerns all, such as with status 401 or 404.
        """
        return self._wait_for(self._post_all(path, bodies, kind))

    def close(self) -> None:
        """Close all connections and end the thread."""
        if not self._loop.is_closed():
            self._wait_for(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # stops the work after Ctrl-C; has no effect on finished work

    async def _close(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    async def _get_each(self, path: str, kind: type[T]) -> dict[str, T | None]:
        responses: dict[str, T | None] = {}
        for server in self._servers:
            try:
                response = await self._pools[0].get(server.url + path)
                if response.status_code in UNSUPPORTED_STATUSES:
                    responses[server.url] = None
                else:
                    responses[server.url] = self._decode_response(server, response, kind)
            except UnreadableError:
                responses[server.url] = None
            except RefusedError as error:
                raise error.to_user() from error
            except (httpx.RequestError, RetryableError) as error:
                self._note_failure(server, error)
        return responses

    async def _post_all(self, path: str, bodies: Sequence[Any], kind: type[T]) -> list[T | Refusal | None]:
        for server in self._servers:
            server.begin_batch()
        responses: list[T | Refusal | None] = [None] * len(bodies)
        remaining = iter(enumerate(bodies))

        async def work(pool: httpx.AsyncClient) -> None:
            for index, body in remaining:
                try:
                    responses[index] = await self._post(pool, path, msgspec.json.encode(body), kind)
                except RefusedError as error:
                    responses[index] = Refusal(str(error), error.to_user())

        pools = islice(cycle(self._pools), min(self._concurrency, len(bodies)))
        workers = [asyncio.create_task(work(pool)) for pool in pools]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return responses

    async def _post(self, pool: httpx.AsyncClient, path: str, body: bytes, kind: type[T]) -> T | None:
        """Post one request until it succeeds or its retries are used up.

        A server that cannot be reached costs no retry: the bound on an outage ends that case.
        """
        failures = 0
        while failures <= self._policy.retries and (server := await self._next_server()):
            try:
                answer = self._decode_response(server, await pool.post(server.url + path, content=body), kind)
            except (httpx.RequestError, RetryableError) as error:
                self._note_failure(server, error)
                self.num_retries += 1
                if isinstance(error, httpx.ConnectError | httpx.TimeoutException):
                    server.mark_down(self._policy.max_pause_s(server.failures + 1) * self._jitter.uniform(0.5, 1))
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    failures += 1
                    await asyncio.sleep(self._pause_s(failures, error))
            else:
                self.num_answered += 1
                return answer
        return None

    async def _next_server(self) -> "_Server | None":
        """Return the next server in turn that is up, as soon as there is one; None if the outage lasts too long."""
        while True:
            now = monotonic()
            deadline = max(server.down_since for server in self._servers) + self._policy.max_outage_s()
            if now >= deadline:
                return None
            if available := [server for server in self._servers if server.up_again_at <= now]:
                return available[next(self._turn) % len(available)]
            await asyncio.sleep(min(deadline, *(server.up_again_at for server in self._servers)) - now)

    def _pause_s(self, failures: int, error: Exception) -> float:
        if failures > self._policy.retries:
            return 0.0
        requested = min(error.wait_s, MAX_PAUSE_S) if isinstance(error, RetryableError) else 0.0
        return max(requested, self._jitter.uniform(0, self._policy.max_pause_s(failures)))

    def _decode_response(self, server: "_Server", response: httpx.Response, kind: type[T]) -> T:
        server.mark_up()
        status = response.status_code
        if response.is_success:
            return decode_json(response.content, kind)
        message = error_message(response)
        if self._key:
            message = message.replace(self._key, "***")  # some servers repeat the key that they refuse
        if status in BUSY_STATUSES or status >= 500:
            wait = response.headers.get("Retry-After", "")
            raise RetryableError(f"status {status}: {message}", float(wait) if wait.isdecimal() else 0.0)
        refusal = RefusedError(server.url, f"status {status}: {message}", self._advice.get(status, self._advice[0]))
        raise refusal if status in REFUSAL_STATUSES else refusal.to_user()

    def _note_failure(self, server: "_Server", error: Exception) -> None:
        self.reason = f"{server.url}: {error or type(error).__name__}"


class _Server:
    """One of the servers, and whether it is up."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.failures = 0
        """Failures in a row."""
        self.up_again_at = 0.0
        """When to try it again."""
        self.down_since = inf
        """When its present outage began; infinite while it answers."""

    def begin_batch(self) -> None:
        """Restart the clock of an outage: every batch waits for a server that is down."""
        if self.failures:
            self.down_since = monotonic()

    def mark_up(self) -> None:
        self.failures, self.up_again_at, self.down_since = 0, 0.0, inf

    def mark_down(self, pause_s: float) -> None:
        now = monotonic()
        if self.up_again_at <= now:  # otherwise a concurrent request has already marked it
            self.failures += 1
            self.up_again_at, self.down_since = now + pause_s, min(self.down_since, now)


def _open_pools(key: str, concurrency: int, timeout_s: float) -> list[httpx.AsyncClient]:
    """Return connection pools for `concurrency` requests in all; they share the certificates, which load slowly."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s), pool=None)
    limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_S)  # no bound needed: each worker has one request in flight
    certificates = httpx.create_ssl_context()
    no_proxy: dict[str, httpx.AsyncBaseTransport | None] = dict.fromkeys(_LOOPBACK_PATTERNS)
    return [
        httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits, verify=certificates, mounts=no_proxy)
        for _ in range(ceil(concurrency / POOL_SIZE))
    ]
