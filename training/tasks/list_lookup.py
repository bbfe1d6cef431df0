"""Tasks of looking an item up in a list: the answer is in the question, and only its label has to be found.

They teach nothing about people, only a skill that every choice needs. A small base model lacks it: when options have
labels, it does just as well without seeing the options.
"""

from collections.abc import Iterator

from sandbox.core.form import Choose, Option
from sandbox.core.memory import NO_MEMORY
from sandbox.prompting.render import one_line
from training.tasks.catalog import Catalog
from training.tasks.choices import option_text
from training.tasks.decision_points import NAME_TOKENS, DecisionPoint
from training.tasks.forms import Task, sandbox_task

LOOKUP_FORMS = ("find_name", "find_place")
"""Find an item by its name; find an item by its category or community."""


def lookup_tasks(point: DecisionPoint, catalog: Catalog, most: int) -> Iterator[Task]:
    """Ask for one item of a list by its name, and by the category or community that no other item shares.

    Args:
        point: Gives the person, whose memories are left out.
        catalog: Lists are drawn from it.
        most: Upper bound on the items on a list.
    """
    point = point._replace(memory=NO_MEMORY)
    for form in LOOKUP_FORMS:
        items = catalog.draw_list(most, point.seed_for(form))
        if form == "find_place":
            items = [item for item in items if item is items[0] or item.category != items[0].category]
        if len(items) < 2 or not items[0].category:
            continue
        gold, platform = items[0], point.record["platform"]
        options = Choose(tuple(Option(item.key, option_text(item, platform)) for item in items))
        facts = {"name": one_line(gold.title, NAME_TOKENS)} if form == "find_name" else {"place": gold.category}
        yield sandbox_task(point, form, facts, options, gold.key, family="reading")
