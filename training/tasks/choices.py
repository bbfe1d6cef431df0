"""What people chose, as choices in the sandbox's own form: products, stars, threads, and whether to reply."""

from collections.abc import Iterator, Sequence

from agents.prompt import one_line
from sandbox.question import Choose, Option, choose
from training.tasks.catalog import Catalog, Drawn
from training.tasks.catalog import Option as Offer
from training.tasks.example import Task, sandbox_task
from training.tasks.moments import NAME_TOKENS, Moment, dollars, key_of

STARS = Choose(tuple(Option(str(stars), f"{stars} star{'s' * (stars > 1)}") for stars in range(1, 6)))
REPLY = choose(("yes", "yes, reply"), ("no", "no, read on"))


def purchase(moment: Moment, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """Which of these products did they buy?"""
    if moment.record["platform"] == "reviews" and moment.is_new:
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
    facts = {"name": one_line(record["context"], NAME_TOKENS), "price": dollars(record["price"])}
    yield sandbox_task(moment, "stars", facts, STARS, given)
    if verdict := record["title"] or record["text"]:
        yield sandbox_task(moment, "verdict", {**facts, "said": verdict}, STARS, given)


def reply(moment: Moment, catalog: Catalog) -> Iterator[Task]:
    """Did they reply to this? Asked once about what they replied to, once about what they passed by."""
    record = moment.record
    if record["kind"] != "comment" or not record["context"] or not moment.is_new:
        return
    shown = {"place": record["place"], "title": record["title"], "text": record["context"]}
    yield sandbox_task(moment, "reply", shown, REPLY, "yes")
    seed = moment.seed_of("passed by")
    for other, kind in catalog.others(chosen_of(moment, catalog), moment.owned, 1, 0, seed):
        shown = {"place": other.place, "title": other.title, "text": other.text}
        yield sandbox_task(moment, "reply", shown, REPLY, "no", which="passed by", kinds={"no": kind})


def _pick(moment: Moment, form: str, catalog: Catalog, hard: int, uniform: int) -> Iterator[Task]:
    """One that they chose among others; none where there are too few others or nobody knows its name."""
    chosen = chosen_of(moment, catalog)
    others = catalog.others(chosen, moment.owned, hard, uniform, moment.seed_of(form))
    if not chosen.title or len(others) < hard + uniform:
        return
    offered = [Drawn(chosen, "chosen"), *others]
    options = Choose(tuple(Option(one.key, shown(one)) for one, _ in offered))
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


def shown(offer: Offer) -> str:
    """An option as it reads on a list."""
    name = one_line(offer.title, NAME_TOKENS)
    return f"{name}, {dollars(offer.price)}" if offer.price else name


def chosen_of(moment: Moment, catalog: Catalog) -> Offer:
    """What the record chose; as the record has it where the catalog did not keep it."""
    record = moment.record
    is_product = record["platform"] == "reviews"
    title, text = (record["context"], "") if is_product else (record["title"], record["context"])
    made = Offer(key_of(record), record["place"], title, text, record["price"], -1, 1)
    return catalog.find(made.key) or made


def _last(moment: Moment) -> str:
    """Place of what they chose before; "" where there is nothing."""
    places: Sequence[str] = [row["place"] for row in moment.past if key_of(row)]
    return places[-1] if places else ""
