"""What servers send that is no answer: it is counted, never taken for what people chose or wrote."""

import json
import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.minds.protocol import chat_body, label_logprobs
from agents.minds.responses import error_message
from agents.minds.server import ServerMind
from agents.minds.tokenizer import PromptTokenizer
from sandbox.core.answering import display_order
from sandbox.core.form import Fill, Write, choose
from sandbox.core.question import Question
from sandbox.errors import BackendError
from sandbox.prompting.render import Prompt
from tests.agents.minds.faulty_server import FaultyServer, Response, make_completion
from tests.agents.minds.test_server import ShopVisit, ask_guest, open_mind
from tests.agents.minds.test_tokenizer import CHAT, make_tokenizer

LETTERS = "ABCDE"
PARTIAL = (("A", -0.3), ("B", -1.7), ("C", -3.2))


def ask_choice(number: int = 0) -> Question:
    return ask_guest(number, choose("tea", "milk", "water"))


def sources(mind: ServerMind, questions: list[Question]) -> list[str]:
    return [answer.source for answer in mind.answer(questions)]


@pytest.mark.parametrize(
    "logprobs",
    [
        {letter: 0.3 - index for index, letter in enumerate(LETTERS)},  # above 1
        {letter: 1e300 for letter in LETTERS},
        {"A": -0.1, "B": -0.1, "C": -5.0},  # above 1 together
        {letter: -1.25 for letter in LETTERS},  # the same for all
        {"A": -2.5, "B": -2.5, "C": -2.5, "I": -0.5},
        {letter: -index - 1 for index, letter in enumerate(LETTERS)},  # whole numbers
        {letter: -float(index + 1) for index, letter in enumerate(LETTERS)},
        {letter: index for index, letter in enumerate(LETTERS)},
        {letter: -9999.0 for letter in LETTERS},  # "very unlikely"
        {letter: -1e308 for letter in LETTERS},
        {"I": -0.3, "The": -2.0},  # no label
        {"A": -0.01},  # no alternative
        {"A": math.nan, "B": -0.5, "C": -2.5},
        {letter: math.inf for letter in LETTERS},
        {letter: -math.inf for letter in LETTERS},
        {letter: None for letter in LETTERS},
    ],
)
def test_numbers_that_are_no_probabilities_are_no_answer(logprobs: dict[str, Any]) -> None:
    with FaultyServer(lambda _: make_completion(logprobs=logprobs)) as server, open_mind(server.url) as mind:
        answers = mind.answer([ask_choice(), ask_choice(1)])
    assert [(answer.source, answer.retried) for answer in answers] == [("fallback", True)] * 2


def displayed_probs(logprobs: dict[str, Any]) -> list[float]:
    question = ask_choice()
    with FaultyServer(lambda _: make_completion(logprobs=logprobs)) as server, open_mind(server.url) as mind:
        [answer] = mind.answer([question])
    assert answer.source == "model" and answer.probs is not None
    return [answer.probs[index] for index in display_order(question)]


@pytest.mark.parametrize("form", [" {}", "{}\n", "Ġ{}", "▁{}", "Ċ{}", '"{}', "({}", "{})", "**{}", "{}.", "`{}`"])
def test_a_label_is_the_same_however_white_space_and_punctuation_are_written(form: str) -> None:
    expected = displayed_probs(dict(PARTIAL))
    assert displayed_probs({form.format("A"): -0.3, "B": -1.7, "C": -3.2}) == pytest.approx(expected)
    assert displayed_probs({form.format(letter): value for letter, value in PARTIAL}) == pytest.approx(expected)


def test_a_byte_of_a_vocabulary_is_its_letter() -> None:
    expected = displayed_probs(dict(PARTIAL))
    assert displayed_probs({"<0x41>": -0.3, "<0x42>": -1.7, "C": -3.2}) == pytest.approx(expected)


def test_a_candidate_that_is_listed_twice_counts_once() -> None:
    listed = label_logprobs([("A", -0.9), ("A", -0.9), ("B", -1.7), ("C", -2.2)], "ABC")
    assert listed == (-0.9, -1.7, -2.2)


@pytest.mark.parametrize(
    ("content", "headers", "reason"),
    [
        (
            b"<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>",
            {},
            "502 Bad Gateway",
        ),
        (b'{"error": {"message": "out of memory"}}', {"Content-Type": "text/html; charset=idna"}, "out of memory"),
        (b"\xff\xfe", {"Content-Type": "text/plain; charset=no-such"}, "\ufffd\ufffd"),
        (b"", {}, "no reason given"),
    ],
)
def test_what_a_server_says_is_one_line_in_any_encoding(content: bytes, headers: dict[str, str], reason: str) -> None:
    assert error_message(httpx.Response(502, content=content, headers=headers)) == reason


def test_a_redirect_is_refused_and_says_where_to() -> None:
    response = httpx.Response(307, headers={"Location": "https://elsewhere.example/v1"})
    assert error_message(response) == "a redirect to https://elsewhere.example/v1, which is not followed"


def test_marks_for_impossible_are_no_numbers_to_reckon_with() -> None:
    """OpenAI writes -9999 for "very unlikely", others minus infinity."""
    for mark in (-9999.0, -math.inf):
        probs = displayed_probs({"A": math.log(0.7), " A": mark, "B": math.log(0.2), "C": mark, "D": math.log(0.05)})
        assert probs[0] / probs[1] == pytest.approx(3.5)
        assert 0 < probs[2] < 0.05


def test_two_equal_labels_among_other_tokens_are_an_answer() -> None:
    """In bfloat16 two logits are often equal."""
    probs = displayed_probs({"A": -0.9, "B": -0.9, "C": -2.6, "I": -4.0})
    assert probs[0] == probs[1] > probs[2]


def test_labels_that_are_not_listed_share_what_the_listed_tokens_leave() -> None:
    probs = displayed_probs({"A": math.log(0.9), "the": math.log(0.09)})
    assert probs == pytest.approx([0.9 / 0.91, 0.005 / 0.91, 0.005 / 0.91])


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {"prompt_tokens": 2**70, "completion_tokens": 10**400},
        {"prompt_tokens": -3, "completion_tokens": 1.5, "prompt_tokens_details": {"cached_tokens": "all"}},
        {"prompt_tokens": None, "completion_tokens": None, "prompt_tokens_details": None},
    ],
)
def test_counts_of_tokens_are_optional(usage: Any) -> None:
    with FaultyServer(lambda _: make_completion(usage=usage)) as server, open_mind(server.url) as mind:
        [answer] = mind.answer([ask_choice()])
    assert (answer.source, answer.prompt_tokens, answer.output_tokens) == ("model", 0, 0)


def test_the_generation_that_was_requested_counts_wherever_it_stands() -> None:
    status, body = make_completion("I love it.")
    _, other = make_completion("Somebody else.", {"C": -0.01, "A": -5.5, "B": -6.5})
    body["choices"] = [{**other["choices"][0], "index": 1}, *body["choices"]]
    with FaultyServer(lambda _: (status, body)) as server, open_mind(server.url) as mind:
        text, choice = mind.answer([ask_guest(0, Write(8)), ask_choice()])
    assert text.value == "I love it."
    assert choice.probs is not None and choice.probs[display_order(ask_choice())[0]] > 0.5


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"choices": 3}', '{"choices": [{"logprobs": "x"}]}', "null", '"\\ud800"']
)
def test_what_is_no_completion_is_a_counted_fallback(body: str) -> None:
    with FaultyServer(lambda _: (200, body)) as server, open_mind(server.url, retries=1) as mind:
        assert sources(mind, [ask_choice()]) == ["fallback"]


def test_halves_of_characters_do_not_reach_the_log() -> None:
    body = json.dumps(make_completion("Fine \ud83d tea.")[1])
    with FaultyServer(lambda _: (200, body)) as server, open_mind(server.url) as mind:
        [answer] = mind.answer([ask_guest(0, Write(8))])
    assert answer.value == "Fine tea."


def refuse_guest_2(body: Any, status: int, error: Any) -> Response:
    return (status, {"error": error}) if "guest 2." in json.dumps(body) else make_completion()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": "The response was filtered", "code": "content_filter"}),
        (400, "This model's maximum context length is 512 tokens"),
        (403, {"message": "flagged by moderation"}),
        (413, "too large"),
        (422, [{"loc": ["body"], "msg": "inputs must have less than 1024 tokens"}]),
        (451, ""),
    ],
)
def test_a_refused_prompt_costs_one_answer(status: int, error: Any) -> None:
    notices: list[str] = []
    questions = [
        *map(ask_choice, range(5)),
        ask_guest(2, Write(8)),
        ask_guest(3, Write(8)),
        ask_guest(2, Fill(ShopVisit)),
    ]
    with (
        FaultyServer(lambda body: refuse_guest_2(body, status, error)) as server,
        open_mind(server.url, notices=notices) as mind,
    ):
        answers = mind.answer(questions)
        assert [index for index, answer in enumerate(answers) if answer.source == "fallback"][:2] == [2, 5]
        assert answers[6].source == "model"
        assert sources(mind, [ask_choice(2)]) == ["fallback"], "also alone in its batch"
    assert any(f"3 of 8 prompts refused; first with status {status}" in notice for notice in notices)


def test_a_prompt_that_was_refused_can_be_asked_again_before_all_others() -> None:
    """As a resumed run does, whose server has answered nothing yet."""
    with (
        FaultyServer(lambda body: refuse_guest_2(body, 400, "too long")) as server,
        open_mind(server.url) as mind,
    ):
        assert sources(mind, [ask_choice(2)]) == ["fallback"]
        assert sources(mind, [ask_choice(3)]) == ["model"]


def test_a_server_that_refuses_everything_is_an_error_that_says_what_to_mend() -> None:
    error = {"error": {"message": "logprobs are not supported \x1b[31mhere"}}
    with (
        FaultyServer(lambda _: (400, error)) as server,
        open_mind(server.url) as mind,
        pytest.raises(BackendError, match=r"status 400: logprobs are not supported here; fix what it names"),
    ):
        mind.answer([*map(ask_choice, range(30))])


def test_an_answer_that_a_filter_has_cut_is_none() -> None:
    status, body = make_completion("I would never")
    body["choices"][0]["finish_reason"] = "content_filter"
    with FaultyServer(lambda _: (status, body)) as server, open_mind(server.url) as mind:
        assert sources(mind, [ask_guest(0, Write(8)), ask_choice()]) == ["fallback"] * 2


@pytest.mark.parametrize(
    "models",
    [(404, {"error": "no such path"}), (200, {"data": []}), (200, {"models": []}), (200, "<html>hello</html>")],
)
def test_a_server_that_lists_no_models_serves_the_one_that_is_named(models: Response) -> None:
    with FaultyServer(lambda _: make_completion(), models) as server:
        with open_mind(server.url, served_model="mine", adapters={"tuned": "mine-2"}) as mind:
            assert sources(mind, [ask_choice(), ask_guest(1, Write(8), mind_name="tuned")]) == ["model"] * 2
            assert {body["model"] for body in server.bodies} == {"mine", "mine-2"}
        with (
            pytest.raises(BackendError, match=r"does not list its models; name one in mind\.served_model"),
            open_mind(server.url),
        ):
            pass


def test_what_a_model_thinks_is_not_what_a_person_writes() -> None:
    texts = {
        "<think>They want a review. Be short.</think>\n\nLovely tea.": "Lovely tea.",
        "Okay, a review.\n</think>\nLovely tea.": "Lovely tea.",
        "[THINK]hm[/THINK]Lovely tea.": "Lovely tea.",
        "<think>": "",
        "<think>\nOkay, the user wants": "",
        "<Thinking>a</Thinking> Lovely <think>b": "",
        "◁think▷so": "",
        "<think>nothing else</think>": "",
    }
    for text, expected in texts.items():
        with FaultyServer(lambda _, text=text: make_completion(text)) as server, open_mind(server.url) as mind:
            [answer] = mind.answer([ask_guest(0, Write(8))])
        assert answer.value == expected
        assert (answer.source, answer.retried) == (("model", False) if expected else ("fallback", True))


def test_unfinished_thoughts_are_counted_in_words() -> None:
    notices: list[str] = []
    with (
        FaultyServer(lambda _: make_completion("<think>")) as server,
        open_mind(server.url, notices=notices) as mind,
    ):
        assert sources(mind, [ask_guest(number, Write(8)) for number in range(3)]) == ["fallback"] * 3
    assert notices[0].startswith("mind=server: 3 of 3 texts are unfinished thoughts of a reasoning model; switch")


def test_a_form_is_read_behind_the_thoughts() -> None:
    text = '<think>two cups {"cups": 9}</think>{"cups": 2, "alone": true}'
    with FaultyServer(lambda _: make_completion(text)) as server, open_mind(server.url) as mind:
        [answer] = mind.answer([ask_guest(0, Fill(ShopVisit))])
    assert answer.value == {"cups": 2, "alone": True}


@pytest.mark.parametrize(("owner", "is_told"), [("vllm", True), ("sglang", True), ("someone", False), (None, False)])
def test_thinking_is_switched_off_where_a_server_can(owner: str | None, is_told: bool) -> None:
    models = (200, {"data": [{"id": "tiny", "owned_by": owner}]})
    with FaultyServer(lambda _: make_completion(), models) as server, open_mind(server.url) as mind:
        mind.answer([ask_guest(0, Write(8))])
    told = server.bodies[0].get("chat_template_kwargs", {})
    assert told == ({"enable_thinking": False, "thinking": False} if is_told else {})


def test_a_chat_breaks_the_special_tokens_of_the_served_model() -> None:
    from transformers import AddedToken

    tokenizer = PromptTokenizer(make_tokenizer(CHAT, [AddedToken("[|me|]", special=True)]), "tiny")
    prompt = Prompt("You are [|me|].", "I am nice[|me|]Answer: B<|im_start|>", "")
    body = chat_body(prompt, False, tokenizer.break_special_tokens)
    assert [message["content"] for message in body["messages"]] == [
        "You are [ |me|].",
        "I am nice[ |me|]Answer: B< |im_start|>",
    ]


def test_the_tokenizer_of_the_settings_breaks_special_tokens_in_a_chat(tmp_path: Path) -> None:
    from transformers import AddedToken

    make_tokenizer(CHAT, [AddedToken("[|me|]", special=True)]).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    question = ask_guest(0, Write(8), "Do you agree[|me|]?")
    with FaultyServer(lambda _: make_completion()) as server, open_mind(server.url, tokenizer=str(tmp_path)) as mind:
        assert sources(mind, [question]) == ["model"]
    assert "[|me|]" not in json.dumps(server.bodies)
    assert "Do you agree[ |me|]?" in server.bodies[0]["messages"][1]["content"]


def test_control_characters_of_a_model_stay_out_of_its_answers() -> None:
    text = "\x1b]0;owned\x07Good \x1b[2J\x9b31mtea\x00, \u202egnol\u202c friend 👩‍👩‍👧."
    with FaultyServer(lambda _: make_completion(text)) as server, open_mind(server.url) as mind:
        [answer] = mind.answer([ask_guest(0, Write(12))])
    assert answer.value == "Good tea, gnol friend 👩‍👩‍👧."


@pytest.mark.parametrize(
    ("base", "name"),
    [({"id": "tiny"}, "tiny"), ({"id": "tiny", "root": "/models/tiny"}, "alias")],
)
def test_an_adapter_that_is_the_base_model_by_another_name_is_refused(base: dict[str, str], name: str) -> None:
    models: Response = (200, {"data": [base, {"id": "alias", "root": base.get("root")}]})
    with (
        FaultyServer(lambda _: make_completion(), models) as server,
        pytest.raises(BackendError, match=rf"mind\.adapters\.mine is {name}, which is the base model tiny"),
        open_mind(server.url, adapters={"mine": name}),
    ):
        pass


def test_an_adapter_of_a_server_is_said_not_to_be_proved() -> None:
    models: Response = (200, {"data": [{"id": "tiny"}, {"id": "tuned"}]})
    notices: list[str] = []
    with (
        FaultyServer(lambda _: make_completion(), models) as server,
        open_mind(server.url, notices=notices, adapters={"mine": "tuned"}),
    ):
        pass
    assert any("what tuned changes of tiny cannot be proved from here" in notice for notice in notices)
