"""What people chose, as choices in the sandbox's own form: products, stars, threads, and whether to reply."""

import re
from collections.abc import Iterator, Sequence

from agents.prompt import one_line
from sandbox.question import STARS, Choose, Option, choose
from sandbox.seeds import permutation
from training.record import PRODUCT_PLATFORMS
from training.tasks.catalog import Catalog, Drawn
from training.tasks.catalog import Option as Offer
from training.tasks.example import Task, sandbox_task
from training.tasks.moments import NAME_TOKENS, Moment, Row, key_of, priced

REPLY = choose(("yes", "yes, reply"), ("no", "no, read on"))
_STARS_AS_TITLE = re.compile(r"\W*(one|two|three|four|five|[1-5])\W+stars?\W*", re.IGNORECASE)
"""What a shop puts where a title is missing; it says what is asked."""


def purchase(moment: Moment, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """Which of these products did they buy? Bare purchases are asked about even where they had bought it before."""
    platform = moment.record["platform"]
    if platform == "purchases" or (platform in PRODUCT_PLATFORMS and moment.is_new):
        yield from _pick(moment, "purchase", catalog, hard, uniform)


def thread(moment: Moment, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """Which of these threads did they enter?"""
    if moment.record["kind"] == "comment" and moment.is_new:
        yield from _pick(moment, "thread", catalog, hard, uniform)


def stars(moment: Moment) -> Iterator[Task]:
    """How many stars did they give, before and after hearing what they say?"""
    record = moment.record
    if not record["stars"] or not record["context"]:
        return
    given = f"{record['stars']:.0f}"
    facts = {"name": one_line(record["context"], NAME_TOKENS), "price": priced(record["price"], record["platform"])}
    yield sandbox_task(moment, "stars", facts, STARS, given)
    title = "" if _STARS_AS_TITLE.fullmatch(record["title"]) else record["title"]
    if verdict := title or record["text"]:
        yield sandbox_task(moment, "verdict", {**facts, "said": verdict}, STARS, given)


def reply(moment: Moment, catalog: Catalog) -> Iterator[Task]:
    """Did they reply to this? Asked once about what they replied to, once about what they passed by, or not at all."""
    record = moment.record
    if record["kind"] != "comment" or not record["context"] or not moment.is_new:
        return
    shown = {"place": record["place"], "title": record["title"], "text": record["context"]}
    passed = catalog.others(chosen_of(moment, catalog), moment.owned, 1, 0, moment.seed_of("passed by"))
    if passed:
        yield sandbox_task(moment, "reply", shown, REPLY, "yes")
    for other, kind in passed:
        shown = {"place": other.place, "title": other.title, "text": other.text}
        yield sandbox_task(moment, "reply", shown, REPLY, "no", which="passed by", kinds={"no": kind})


def _pick(moment: Moment, form: str, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """One that they chose among others, new or owned; none where there are too few, or nobody knows its name."""
    chosen = chosen_of(moment, catalog)
    if moment.is_new:
        others = catalog.others(chosen, moment.owned, hard, uniform, moment.seed_of(form))
    else:
        others = _owned(moment, catalog, hard + uniform)
    if not chosen.title or len(others) < hard + uniform:
        return
    offered = [Drawn(chosen, "chosen"), *others]
    options = Choose(tuple(Option(one.key, shown(one, moment.record["platform"])) for one, _ in offered))
    yield sandbox_task(
        moment,
        form,
        {},
        options,
        chosen.key,
        kinds={one.key: kind for one, kind in offered},
        places={one.key: one.place for one, _ in offered},
        last=_last(moment),
    )


def _owned(moment: Moment, catalog: Catalog, number: int) -> list[Drawn]:
    """Options beside something that they bought again: other things that they had before, on other days.

    All options are known to them then, as none is where they buy something for the first time, so that to know it does
    not give the answer away.
    """
    before = {key_of(row): row for row in moment.past if key_of(row) not in moment.together}
    keys = sorted(before)
    order = permutation(len(keys), moment.seed_of("owned"))[:number]
    return [Drawn(_offer(before[keys[place]], catalog), "owned") for place in order]


def shown(offer: Offer, platform: str) -> str:
    """An option as it reads on a list."""
    name = one_line(offer.title, NAME_TOKENS)
    return f"{name}, {priced(offer.price, platform)}" if offer.price else name


def chosen_of(moment: Moment, catalog: Catalog) -> Offer:
    """What the record chose."""
    return _offer(moment.record, catalog)


def _offer(record: Row, catalog: Catalog) -> Offer:
    """What a record chose; as the record has it where the catalog did not keep it."""
    if kept := catalog.find(key_of(record)):
        return kept
    is_product = record["platform"] in PRODUCT_PLATFORMS
    title, text = (record["context"], "") if is_product else (record["title"], record["context"])
    band = catalog.band_of(record["place"], record["price"])
    return Offer(key_of(record), record["place"], title, text, record["price"], band, 1)


def _last(moment: Moment) -> str:
    """Place of what they chose before; "" where there is nothing."""
    places: Sequence[str] = [row["place"] for row in moment.past if key_of(row)]
    return places[-1] if places else ""
