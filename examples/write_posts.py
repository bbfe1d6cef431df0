"""Generate social data: people of the population write the next entry of their blog.

    python examples/write_posts.py                      # five bloggers, HumanLLM
    python examples/write_posts.py --mind base --people 20 > posts.jsonl

Each line of JSON has one person's id and persona, and what they write. People are asked in batches of `BATCH`.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from agents.population import load_profiles
from sandbox.core.form import Write
from sandbox.core.memory import NO_MEMORY
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.replicate import Replicate
from sandbox.core.seeds import SeedTree
from sandbox.output.progress import notify, track
from sandbox.runtime.assembly import build_minds
from sandbox.runtime.config import load_run_config
from training.tasks.forms import task_template

PLATFORM = "blog"
MAX_WORDS = 60
BATCH = 16
"""People who are asked at once; progress is shown after each batch."""


def post_questions(bloggers: list[Profile], seed: int) -> Iterator[Question[str]]:
    """Ask every blogger for a post, in the words that HumanLLM was trained on."""
    seeds = SeedTree(seed)
    for number, blogger in enumerate(bloggers):
        yield Question(
            replicate=Replicate("posts", seed), step=0, round=0, agent=number, role="blogger",
            template=task_template(f"post_{PLATFORM}", PLATFORM), facts={"title": ""}, form=Write(MAX_WORDS),
            profile=blogger, memory=NO_MEMORY, seed=seeds.decision(number, 0, 0),
        )  # fmt: skip


def main() -> None:
    """Write posts to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--mind", default="humanllm")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    config = load_run_config([f"mind={args.mind}"])
    rng = np.random.default_rng(args.seed)
    bloggers = load_profiles(
        config.population["file"], args.people, rng, platforms=(PLATFORM,), splits=("test", "val", "train")
    )
    questions = list(post_questions(bloggers, args.seed))
    batches = [questions[start : start + BATCH] for start in range(0, len(questions), BATCH)]
    with closing(build_minds(config, notify)) as mind:
        answers = [answer for batch in track(batches, "posts") for answer in mind.answer(batch)]
    for blogger, answer in zip(bloggers, answers, strict=True):
        print(json.dumps({"id": blogger.id, "persona": blogger.persona, "post": answer.value}, ensure_ascii=False))


if __name__ == "__main__":
    main()
