"""What a server's response means: a result, a refusal of this one request, or a failure that may pass."""

import html
import json
import re
from typing import NamedTuple, TypeVar

import httpx
import msgspec

from sandbox.characters import remove_control_characters
from sandbox.errors import BackendError

BUSY_STATUSES = (408, 409, 425, 429)
"""Besides 5xx: the server may serve the same request later."""
REFUSAL_STATUSES = (400, 403, 413, 422, 451)
"""What a server may answer to a single request: its content is filtered, its prompt is too long."""
UNSUPPORTED_STATUSES = (404, 405, 410, 501)
"""The server does not know what was requested."""

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

T = TypeVar("T")


class Refusal(NamedTuple):
    """A server's answer to a request that it will never serve, though it may serve others."""

    reason: str
    error: BackendError
    """The error to raise if it serves no other either."""


class RetryableError(Exception):
    """A server answered, but without the result; it may succeed later."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        """Seconds that the server asks us to wait."""


class UnreadableError(RetryableError):
    """A server answered something that is not what was requested."""


class RefusedError(Exception):
    """A server will never serve this request."""

    def __init__(self, url: str, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.url, self.advice = url, advice

    def to_user(self) -> BackendError:
        """Return the error to show if the reason does not lie in this one request."""
        return BackendError(f"{self.url} refused a request with {self}; {self.advice}")


def decode_json(content: bytes, kind: type[T]) -> T:
    """Return the JSON of an answer; also with NaN and infinity, which JSON does not have but servers send."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        return msgspec.convert(json.loads(content), kind)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableError(f"an unreadable answer ({error})") from error


def error_message(response: httpx.Response) -> str:
    """Return what the server says about its refusal, in one line: of a page, the title; of a redirect, where to."""
    text = response.content.decode("utf-8", "replace")  # a server may name an encoding that there is not
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        title = _TITLE.search(text)
        body = html.unescape(title[1]) if title else text
    if response.has_redirect_location:
        body = f"a redirect to {response.headers['Location']}, which is not followed"
    for name in ("error", "message", "detail"):
        body = body.get(name, body) if isinstance(body, dict) else body
    return " ".join(remove_control_characters(str(body)).split())[:300] or "no reason given"
