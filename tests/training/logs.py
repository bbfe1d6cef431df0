"""Made-up logs in the formats of Reddit and Amazon, for runs of the complete pipeline."""

import gzip
import json
from hashlib import blake2b
from pathlib import Path
from random import Random

WORDS = {
    "Gardening": [
        "tomatoes",
        "soil",
        "compost",
        "seedlings",
        "fence",
        "shovel",
        "watering",
        "harvest",
        "roses",
        "weeds",
    ],
    "Cycling": ["saddle", "gears", "brakes", "helmet", "climbing", "gravel", "puncture", "chain", "pedals", "touring"],
    "Cooking": ["kettle", "pepper", "onions", "recipe", "oven", "sauce", "noodles", "dinner", "garlic", "flour"],
}
FRAMES = (
    "I spent the whole weekend with the {0} and the {1}, and in the end it was worth it.",
    "Has anybody here ever tried to use {0} together with {1} when the weather is bad?",
    "My neighbour keeps telling me that {0} matters more than {1}, but I am not so sure about it.",
    "After two years with the same {0} I bought a new one, and the {1} came with it for free.",
    "The best thing about {0} is that you can forget about {1} for a while and just enjoy yourself.",
)
UNCOMPARED = ("key", "card.md", ".lock")
"""Files that differ between equal corpora."""
OVERRIDES = (
    "sources=[reddit,amazon]",
    "filters.forum.k_core.min_posts=0",
    "filters.reviews.k_core.user_core=0",
    "filters.reviews.k_core.item_core=0",
    "filters.reviews.k_core.top_items_share=1.0",
    "records_per_bucket=60",
    "secret=black",
    "tasks.hard=1",
    "tasks.uniform=1",
)


def write_text(random: Random, community: str) -> str:
    """Return some sentences about a community's topic."""
    frames = random.sample(FRAMES, 4)
    return " ".join(frame.format(*random.sample(WORDS[community], 2)) for frame in frames)


def write_logs(folder: Path, users: int = 12, records_each: int = 10) -> list[str]:
    """Write files of submissions, comments, reviews and products; return the overrides that name them."""
    random = Random(5)
    communities = list(WORDS)
    posts = [
        {
            "id": f"p{user}x{number}",
            "author": f"gardener_{user}",
            "subreddit": communities[user % 3],
            "created_utc": 1_500_000_000 + 90_000 * number + user,
            "title": f"A question about {random.choice(WORDS[communities[user % 3]])}",
            "selftext": write_text(random, communities[user % 3]),
            "score": 5,
            "num_comments": 3,
            "is_self": True,
        }
        for user in range(users)
        for number in range(records_each)
    ]
    comments = [
        {
            "id": f"c{number}",
            "author": f"gardener_{(number + 3) % users}",
            "subreddit": post["subreddit"],
            "created_utc": str(int(post["created_utc"]) + 60),
            "link_id": f"t3_{post['id']}",
            "parent_id": f"t3_{post['id']}",
            "body": write_text(random, str(post["subreddit"])),
            "score": 2,
        }
        for number, post in enumerate(posts)
    ]
    reviews = [
        {
            "user_id": f"SHOPPER{user}",
            "parent_asin": f"B{random.randrange(30):03}",
            "rating": random.choice((1.0, 3.0, 4.0, 5.0, 5.0)),
            "timestamp": 1_600_000_000_000 + 86_400_000 * (number * 9 + user),
            "title": "So it goes",
            "text": write_text(random, random.choice(communities)),
            "verified_purchase": True,
        }
        for user in range(users)
        for number in range(records_each)
    ]
    products = [
        {"parent_asin": f"B{n:03}", "title": f"Sturdy thing no. {n}", "price": f"${n + 5}.99"} for n in range(30)
    ]
    tables = {"RS.json": posts, "RC.json": comments, "Tools.jsonl.gz": reviews, "meta_Tools.jsonl.gz": products}
    for name, rows in tables.items():
        raw = "".join(json.dumps(row) + "\n" for row in rows).encode()
        (folder / name).write_bytes(gzip.compress(raw, mtime=0) if name.endswith("gz") else raw)
    return [
        *OVERRIDES,
        f"source.reddit.submissions=[{folder / 'RS.json'}]",
        f"source.reddit.comments=[{folder / 'RC.json'}]",
        f"source.amazon.reviews=[{folder / 'Tools.jsonl.gz'}]",
        f"source.amazon.meta=[{folder / 'meta_Tools.jsonl.gz'}]",
    ]


def digests(folder: Path) -> dict[str, str]:
    """Return a hash of every file of a corpus, by its path."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in UNCOMPARED]
    return {str(path.relative_to(folder)): blake2b(path.read_bytes()).hexdigest() for path in paths}
