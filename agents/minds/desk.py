"""Where the questions of a running world wait for a person: a page on this machine, for whoever has its link."""

import json
import secrets
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.core.form import Choose, Write
from sandbox.core.question import Question
from sandbox.errors import ConfigError, ContractError
from sandbox.prompting.page import build_page
from sandbox.prompting.render import one_line

HOST = "127.0.0.1"
POLL_SECONDS = 20.0
"""How long a request for the next question waits before it says that there is none yet."""
MAX_BODY = 100_000
"""Bytes of a request; a text of a person is far shorter."""


class Desk:
    """Where questions wait for the person: a small server, and the question that is open."""

    def __init__(self, port: int) -> None:
        """Serve the page.

        Args:
            port: 0: any that is free.

        Raises:
            ConfigError: The port is taken.
        """
        self.token = secrets.token_urlsafe(16)
        self._changed = threading.Condition()
        self._number = 0
        self._open: tuple[dict[str, Any], Question[Any]] | None = None
        self._value: str | None = None
        self._is_closed = False
        try:
            self._server = ThreadingHTTPServer((HOST, port), type("Handler", (DeskHandler,), {"desk": self}))
        except OSError as error:
            raise ConfigError(
                f"mind.port={port} cannot be used ({error.strerror}); choose another, or 0 for any"
            ) from error
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_port}/?token={self.token}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ask(self, described: Mapping[str, Any], question: Question[Any]) -> str:
        """Show a question, and wait until it is answered; return the key of an option, or a text."""
        with self._changed:
            self._number += 1
            self._open, self._value = ({**described, "number": self._number}, question), None
            self._changed.notify_all()
            while self._value is None:
                self._changed.wait(1.0)  # so that Ctrl-C is seen
            return self._value

    def next_question(self) -> dict[str, Any]:
        """Return what the page is told: the open question, that there is none yet, or that the run has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._open is not None or self._is_closed, POLL_SECONDS)
            if self._is_closed:
                return {"done": True}
            return {} if self._open is None else {"question": self._open[0]}

    def take_answer(self, number: Any, value: Any) -> str:
        """Take an answer; return what is wrong with it, or nothing."""
        with self._changed:
            if self._open is None or number != self._number:
                return "This question was answered already; please reload the page."
            if problem := _find_problem(self._open[1], value):
                return problem
            is_text = not isinstance(self._open[1].form, Choose)
            self._open, self._value = None, one_line(value, MAX_BODY) if is_text else value
            self._changed.notify_all()
            return ""

    def close(self) -> None:
        """End the server; a page that waits is told so first."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()


def _find_problem(question: Question[Any], value: Any) -> str:
    """Return what a person is told about an illegal answer."""
    form = question.form
    if not isinstance(value, str) or not value.strip():
        return "Please answer."
    if isinstance(form, Choose):
        return "" if any(option.key == value for option in form.options) else "This is none of the options."
    if isinstance(form, Write):
        return "" if len(value.split()) <= form.max_words else f"Please use at most {form.max_words} words."
    raise ContractError(f"{question.template.name}: no page can show {type(form).__name__}")


class DeskHandler(BaseHTTPRequestHandler):
    """Serves the page, the next question and the answers to whoever has the token."""

    desk: "Desk"

    def do_GET(self) -> None:  # the name that http.server calls
        """Return the page or the next question."""
        path = urlsplit(self.path).path
        if not self._is_allowed():
            self._reply(HTTPStatus.FORBIDDEN, {"error": "open the link that the run has printed"})
        elif path == "/":
            self._send(HTTPStatus.OK, "text/html", build_page("You are in a simulation", {"token": self.desk.token}))
        elif path == "/question":
            self._reply(HTTPStatus.OK, self.desk.next_question())
        else:
            self._reply(HTTPStatus.NOT_FOUND, {"error": "there is no such page"})

    def do_POST(self) -> None:
        """Take an answer."""
        length = self.headers.get("Content-Length") or ""
        size = int(length) if length.isascii() and length.isdecimal() else MAX_BODY + 1
        if not self._is_allowed() or urlsplit(self.path).path != "/answer":
            self._reply(HTTPStatus.FORBIDDEN, {"error": "open the link that the run has printed"})
            return
        if size > MAX_BODY:
            self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "This is too long."})
            return
        try:
            body = json.loads(self.rfile.read(size))
            number, value = body["number"], body["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            self._reply(HTTPStatus.BAD_REQUEST, {"error": "This is no answer."})
            return
        problem = self.desk.take_answer(number, value)
        self._reply(HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK, {"error": problem})

    def log_message(self, format: str, *args: Any) -> None:  # the name that http.server has
        """Keep the terminal for the run."""

    def _is_allowed(self) -> bool:
        given = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        # A page of another site must not reach it through a name that leads here.
        host = urlsplit(f"//{self.headers.get('Host') or ''}").hostname
        return secrets.compare_digest(given.encode(), self.desk.token.encode()) and host in (HOST, "localhost")

    def _reply(self, status: HTTPStatus, content: Mapping[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(content))

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the person has closed the page
