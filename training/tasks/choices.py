"""Tasks about what people chose, in the sandbox's own form: products, stars, threads, and whether to reply."""

import re
from collections.abc import Iterator, Sequence

from sandbox.core.form import STARS, Choose, Option, choose
from sandbox.core.seeds import permutation
from sandbox.prompting.render import one_line
from training.sources.platform import find_platform
from training.tasks.catalog import Alternative, Catalog, CatalogItem
from training.tasks.decision_points import NAME_TOKENS, DecisionPoint, Record, choice_key, format_price
from training.tasks.experiences import find_reviewed_experience
from training.tasks.forms import Task, sandbox_task

REPLY = choose(("yes", "yes, reply"), ("no", "no, read on"))
_STARS_AS_TITLE = re.compile(r"\W*(one|two|three|four|five|[1-5])\W+stars?\W*", re.IGNORECASE)
"""What a shop uses as the title of a review without one; it would give the answer away."""


def purchase_tasks(point: DecisionPoint, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """Which of these products did they buy? Bare purchases count even if they had bought the product before."""
    platform = find_platform(point.record["platform"])
    if platform.products == "bought" or (platform.products == "reviewed" and point.is_new):
        yield from _choice_task(point, "purchase", catalog, hard, uniform)


def thread_tasks(point: DecisionPoint, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """Which of these threads did they enter?"""
    if point.record["kind"] == "comment" and point.is_new:
        yield from _choice_task(point, "thread", catalog, hard, uniform)


def star_tasks(point: DecisionPoint) -> Iterator[Task]:
    """How many stars did they give, first without and then with their own words?"""
    record = point.record
    if not record["stars"] or not record["context"]:
        return
    answer = f"{record['stars']:.0f}"
    price = format_price(record["price"], record["platform"])
    facts = {"name": one_line(record["context"], NAME_TOKENS), "price": price}
    yield sandbox_task(point, "stars", facts, STARS, answer)
    title = "" if _STARS_AS_TITLE.fullmatch(record["title"]) else record["title"]
    if verdict := title or record["text"]:
        yield sandbox_task(point, "verdict", {**facts, "said": verdict}, STARS, answer)


def experience_tasks(point: DecisionPoint) -> Iterator[Task]:
    """How many stars did they give? Asked as the marketplace asks, after the one word that they had for it, if any.

    What they paid is not in a review.
    """
    record = point.record
    experience = find_reviewed_experience(record["title"], record["text"])
    if not (record["stars"] and record["context"] and experience):
        return
    facts = {"title": one_line(record["context"], NAME_TOKENS), "paid": "", "experience": experience}
    yield sandbox_task(point, "experience", facts, STARS, f"{record['stars']:.0f}", template="marketplace/stars")


def reply_tasks(point: DecisionPoint, catalog: Catalog) -> Iterator[Task]:
    """Did they reply to this? Ask about what they replied to and about what they passed by, or not at all."""
    record = point.record
    if record["kind"] != "comment" or not record["context"] or not point.is_new:
        return
    facts = {"place": record["category"], "title": record["title"], "text": record["context"]}
    passed_by = catalog.draw_alternatives(chosen_item(point, catalog), point.owned, 1, 0, point.seed_for("passed by"))
    if passed_by:
        yield sandbox_task(point, "reply", facts, REPLY, "yes")
    for item, kind in passed_by:
        facts = {"place": item.category, "title": item.title, "text": item.text}
        yield sandbox_task(point, "reply", facts, REPLY, "no", variant="passed by", kinds={"no": kind})


def option_text(item: CatalogItem, platform: str) -> str:
    """Return an item as it reads on a list."""
    name = one_line(item.title, NAME_TOKENS)
    return f"{name}, {format_price(item.price, platform)}" if item.price else name


def chosen_item(point: DecisionPoint, catalog: Catalog) -> CatalogItem:
    """Return what the record chose."""
    return _item_of(point.record, catalog)


def _choice_task(point: DecisionPoint, form: str, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """Ask which item they chose among new or owned ones; not if there are too few, or if it has no name."""
    chosen = chosen_item(point, catalog)
    if point.is_new:
        alternatives = catalog.draw_alternatives(chosen, point.owned, hard, uniform, point.seed_for(form))
    else:
        alternatives = _owned_alternatives(point, catalog, hard + uniform)
    if not chosen.title or len(alternatives) < hard + uniform:
        return
    offers = [Alternative(chosen, "chosen"), *alternatives]
    options = Choose(tuple(Option(item.key, option_text(item, point.record["platform"])) for item, _ in offers))
    yield sandbox_task(
        point,
        form,
        {},
        options,
        chosen.key,
        kinds={item.key: kind for item, kind in offers},
        places={item.key: item.category for item, _ in offers},
        last=_last_category(point),
    )


def _owned_alternatives(point: DecisionPoint, catalog: Catalog, number: int) -> list[Alternative]:
    """Draw alternatives to something that they bought again: other things that they bought before, on other days.

    They know all options then, just as they know none when they buy something for the first time, so familiarity does
    not give the answer away.
    """
    earlier = {choice_key(row): row for row in point.past if choice_key(row) not in point.simultaneous}
    keys = sorted(earlier)
    order = permutation(len(keys), point.seed_for("owned"))[:number]
    return [Alternative(_item_of(earlier[keys[place]], catalog), "owned") for place in order]


def _item_of(record: Record, catalog: Catalog) -> CatalogItem:
    """Return what a record chose, from the record itself if the catalog did not keep it."""
    if item := catalog.find(choice_key(record)):
        return item
    is_product = find_platform(record["platform"]).has_products
    title, text = (record["context"], "") if is_product else (record["title"], record["context"])
    band = catalog.price_band(record["category"], record["price"])
    return CatalogItem(choice_key(record), record["category"], title, text, record["price"], band, 1)


def _last_category(point: DecisionPoint) -> str:
    """Return the category or community of their previous choice; "" if there is none."""
    categories: Sequence[str] = [row["category"] for row in point.past if choice_key(row)]
    return categories[-1] if categories else ""
