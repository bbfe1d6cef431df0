"""Other ways to put the same question."""

from collections.abc import Sequence

import pytest

from agents.prompt import labels, person_section, render
from sandbox.assembly import make_worlds
from sandbox.errors import ConfigError
from sandbox.mind import RandomMind, RuleMind, shown_order
from sandbox.people import Profile
from sandbox.presentation import Presentation
from sandbox.question import Answer, Choose, Option, Question, choose
from sandbox.run import read_config
from tests.conftest import Overrides, question
from worlds.marketplace import Marketplace

MANY = choose(*(f"option {place}" for place in range(8)))


def test_a_plain_presentation_changes_no_hash() -> None:
    assert question().digest() == question(presentation=Presentation()).digest()
    assert question().digest() != question(presentation=Presentation(first_label="N")).digest()


def test_labels_may_begin_at_another_letter() -> None:
    assert labels(MANY, Presentation(first_label="N")) == "NOPQRSTU"
    assert ": N\n" in render(question(MANY, presentation=Presentation(first_label="N"))).user


def test_another_shuffle_shows_the_same_options_elsewhere() -> None:
    plain, other = (shown_order(question(MANY, presentation=Presentation(shuffle=number))) for number in (0, 1))
    assert plain != other
    assert sorted(plain) == sorted(other)


def test_a_scale_shown_from_its_end_is_the_same_scale() -> None:
    stars = Choose(tuple(Option(str(star), f"{star} stars") for star in range(1, 6)), ordered=True)
    asked = question(stars, presentation=Presentation(scales_reversed=True))
    assert shown_order(asked) == [4, 3, 2, 1, 0]
    assert "* 5 stars: A\n* 4 stars: B" in render(asked).user
    [answer] = RandomMind().answer([asked])
    assert answer.position == 5 - int(str(answer.value))
    [plainly] = RandomMind().answer([question(stars)])
    assert answer.value == plainly.value, "draws are by the option, not by its place"


def test_a_profile_told_from_its_end_has_the_same_sentences() -> None:
    someone = Profile("p", persona="You are careful. You like tea.", writing_style="You write little.")
    assert person_section(someone) == "About you: You are careful. You like tea. You write little."
    assert person_section(someone, is_reversed=True) == "About you: You write little. You like tea. You are careful."


def test_people_may_have_given_names() -> None:
    assert Presentation().called(27) == "27"
    assert Presentation(given_names=True).called(27) == "Bao (27)"


@pytest.mark.parametrize("wording", range(len(Marketplace.paraphrases) + 1))
def test_every_wording_asks_everything_with_the_same_facts(wording: int, ruled: Overrides) -> None:
    [world] = make_worlds(read_config(ruled(f"presentation.wording={wording}")))
    asked: dict[str, str] = {}
    mind = RandomMind()

    class Noting(RandomMind):
        """Keeps every prompt."""

        def answer(self, questions: Sequence[Question]) -> list[Answer]:
            asked.update({one.template.name: render(one).user for one in questions})
            return mind.answer(questions)

    world.mind = Noting()
    for _ in range(4):
        world.step()
    assert set(asked) == {f"marketplace/{name}" for name in Marketplace.prompts if name != "rules"}
    if wording:
        assert set(Marketplace.paraphrases[wording - 1]) == set(Marketplace.prompts)


def test_rules_do_not_see_how_a_question_is_put(ruled: Overrides) -> None:
    histories = []
    for changes in ((), ("presentation.wording=2", "presentation.profile_reversed=true", "presentation.first_label=M")):
        [world] = make_worlds(read_config(ruled(*changes)))
        world.mind = RuleMind(Marketplace.rule)
        for _ in range(3):
            world.step()
        histories.append(world.latest)
    assert histories[0] == histories[1]


def test_a_wording_that_is_not_there_is_refused(ruled: Overrides) -> None:
    with pytest.raises(ConfigError, match="has 3 paraphrases"):
        make_worlds(read_config(ruled("presentation.wording=4")))
