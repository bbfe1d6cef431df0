"""A server on this machine whose every response is up to a function: what other programs send, and worse."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeAlias

Response: TypeAlias = tuple[int, Any]
"""Status and body; a body that is text is sent as it is."""
PROBABILITIES = {"A": -0.7, "B": -1.4, "C": -2.3, "D": -3.1, "E": -3.9, "I": -4.2}
"""Log-probabilities of a server that works."""


class PatientServer(ThreadingHTTPServer):
    """Lets many clients wait for a connection."""

    request_queue_size = 128
    daemon_threads = True


class FaultyServer:
    """Answers requests by a function of their bodies."""

    def __init__(self, reply: Callable[[Any], Response], models: Response | None = None) -> None:
        self.reply = reply
        self.models = models or (200, {"data": [{"id": "tiny", "owned_by": "someone"}]})
        self.bodies: list[Any] = []
        self._http = PatientServer(("127.0.0.1", 0), _make_handler(self))
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "FaultyServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def make_completion(text: str = "Nice tea.", logprobs: dict[str, Any] | None = None, **changes: Any) -> Response:
    """Return a response with text and, as log-probabilities of the first token, those given."""
    candidates = [{"token": token, "logprob": value} for token, value in (logprobs or PROBABILITIES).items()]
    choice = {
        "index": 0,
        "message": {"content": text},
        "logprobs": {"content": [{"token": "A", "logprob": -0.7, "top_logprobs": candidates}]},
        "finish_reason": "stop",
    }
    return 200, {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}, **changes}


def _make_handler(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(*server.models)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.bodies.append(body)
            self._send(*server.reply(body))

        def _send(self, status: int, body: Any) -> None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    return Handler
