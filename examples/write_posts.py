"""Social data generation: people of the population write the next entry of their blog.

    python examples/write_posts.py                      # five bloggers, HumanLLM
    python examples/write_posts.py --mind base --people 20 > posts.jsonl

One line of JSON per person: who they are and what they write. All of them are asked in one batch.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from agents.population import people
from sandbox.assembly import make_mind
from sandbox.people import NO_MEMORY, Profile
from sandbox.question import Question, Write
from sandbox.run import read_config
from sandbox.seeds import SeedTree
from training.tasks.example import template_of

PLATFORM = "blog"
MAX_WORDS = 60


def questions(bloggers: list[Profile], seed: int) -> Iterator[Question]:
    """Ask everybody for a post, as the training of HumanLLM asks."""
    seeds = SeedTree(seed)
    for number, blogger in enumerate(bloggers):
        yield Question(
            replicate=f"posts/{seed}", step=0, round=0, agent=number, role="blogger",
            template=template_of(f"post_{PLATFORM}", PLATFORM), facts={"title": ""}, form=Write(MAX_WORDS),
            profile=blogger, memory=NO_MEMORY, seed=seeds.decision(number, 0, 0),
        )  # fmt: skip


def main() -> None:
    """Write posts to standard output."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    options.add_argument("--people", type=int, default=5)
    options.add_argument("--mind", default="humanllm")
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    config = read_config([f"mind={chosen.mind}"])
    rng = np.random.default_rng(chosen.seed)
    bloggers = people(
        config.population["file"], chosen.people, rng, platforms=(PLATFORM,), splits=("test", "val", "train")
    )
    with closing(make_mind(config, lambda text: print(text, file=sys.stderr))) as mind:
        answers = mind.answer(list(questions(bloggers, chosen.seed)))
    for blogger, answer in zip(bloggers, answers, strict=True):
        print(json.dumps({"id": blogger.id, "persona": blogger.persona, "post": answer.value}, ensure_ascii=False))


if __name__ == "__main__":
    main()
