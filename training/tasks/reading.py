"""Lists to be read: the answer stands in the question, and only the label that belongs to it must be found.

Nothing of people is learnt here but the skill that every choice of theirs needs. A small base model does not have it:
asked by labels, it does as well without the options.
"""

from collections.abc import Iterator

from agents.prompt import one_line
from sandbox.people import NO_MEMORY
from sandbox.question import Choose, Option
from training.tasks.catalog import Catalog
from training.tasks.choices import shown
from training.tasks.example import Task, sandbox_task
from training.tasks.moments import NAME_TOKENS, Moment

FORMS = ("find_name", "find_place")
"""Which of these is it, and which of these is from there?"""


def found(moment: Moment, catalog: Catalog, most: int) -> Iterator[Task]:
    """Look one option of a list up, by its name and by the category or community that it alone is from.

    Args:
        moment: Whom it is asked of, without what they remember.
        catalog: What lists are drawn from.
        most: Options on a list.
    """
    moment = moment._replace(memory=NO_MEMORY)
    for form in FORMS:
        offers = catalog.listed(most, moment.seed_of(form))
        if form == "find_place":
            offers = [one for one in offers if one is offers[0] or one.place != offers[0].place]
        if len(offers) < 2 or not offers[0].place:
            continue
        gold, platform = offers[0], moment.record["platform"]
        options = Choose(tuple(Option(one.key, shown(one, platform)) for one in offers))
        facts = {"name": one_line(gold.title, NAME_TOKENS)} if form == "find_name" else {"place": gold.place}
        yield sandbox_task(moment, form, facts, options, gold.key, family="reading")
