"""Worlds are found by name, and their templates are those that a simulation renders."""

import networkx as nx
import pytest

from sandbox.core.presentation import Presentation
from sandbox.core.profile import Profile
from sandbox.errors import ConfigError
from training.tasks.worlds import find_world, is_world_template, list_wordings, world_template
from worlds.commons import Commons
from worlds.commons.settings import CommonsParams


@pytest.mark.parametrize("wording", [0, 1, 2, 3])
def test_a_template_is_the_worlds_own_object(wording: int) -> None:
    params = CommonsParams.model_validate(find_world("commons").settings)
    people = [Profile(id=str(number), persona="p") for number in range(2)]
    world = Commons(params, profiles=people, graph=nx.empty_graph(2), presentation=Presentation(wording=wording))
    assert world_template("commons/contribute", wording) is world.template("contribute")


def test_worlds_templates_are_told_from_task_forms_by_their_name() -> None:
    assert is_world_template("opinion/revise")
    assert not is_world_template("review_reviews")


def test_a_world_or_a_wording_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'comons'.*commons.* Or add conf/world/comons\.yaml"):
        find_world("comons")
    number = len(list_wordings("commons"))
    with pytest.raises(ConfigError, match=f"commons has {number} wordings, but a task has wording {number}"):
        world_template("commons/contribute", number)
