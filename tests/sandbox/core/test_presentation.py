"""Other ways to ask the same question."""

from collections.abc import Sequence
from typing import Any

import pytest

from sandbox.core.answer import Answer
from sandbox.core.answering import display_order
from sandbox.core.form import Choose, Option, choose
from sandbox.core.mind import RandomMind, RuleMind
from sandbox.core.presentation import Presentation
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.errors import ConfigError
from sandbox.prompting.render import option_labels, person_section, render
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.config import load_run_config
from tests.conftest import Overrides, make_question
from worlds.marketplace import Marketplace

EIGHT_OPTIONS = choose(*(f"option {place}" for place in range(8)))


def test_a_plain_presentation_changes_no_hash() -> None:
    assert make_question().digest() == make_question(presentation=Presentation()).digest()
    assert make_question().digest() != make_question(presentation=Presentation(first_label="N")).digest()


def test_labels_may_begin_at_another_letter() -> None:
    assert option_labels(EIGHT_OPTIONS, Presentation(first_label="N")) == "NOPQRSTU"
    assert ": N\n" in render(make_question(EIGHT_OPTIONS, presentation=Presentation(first_label="N"))).user


def test_another_shuffle_displays_the_same_options_elsewhere() -> None:
    plain, shuffled = (
        display_order(make_question(EIGHT_OPTIONS, presentation=Presentation(shuffle=number))) for number in (0, 1)
    )
    assert plain != shuffled
    assert sorted(plain) == sorted(shuffled)


def test_a_reversed_scale_is_the_same_scale() -> None:
    stars = Choose(tuple(Option(str(star), f"{star} stars") for star in range(1, 6)), ordered=True)
    question = make_question(stars, presentation=Presentation(scales_reversed=True))
    assert display_order(question) == [4, 3, 2, 1, 0]
    assert "* 5 stars: A\n* 4 stars: B" in render(question).user
    [answer] = RandomMind().answer([question])
    assert answer.position == 5 - int(str(answer.value))
    [plain_answer] = RandomMind().answer([make_question(stars)])
    assert answer.value == plain_answer.value, "draws are by the option, not by its position"


def test_a_reversed_profile_has_the_same_sentences() -> None:
    profile = Profile("p", persona="You are careful. You like tea.", writing_style="You write little.")
    assert person_section(profile) == "About you: You are careful. You like tea. You write little."
    assert person_section(profile, is_reversed=True) == "About you: You write little. You like tea. You are careful."


def test_people_may_have_given_names() -> None:
    assert Presentation().display_name(27) == "27"
    assert Presentation(given_names=True).display_name(27) == "Bao (27)"


@pytest.mark.parametrize("wording", range(len(Marketplace.paraphrases) + 1))
def test_every_wording_asks_everything_with_the_same_facts(wording: int, rule_market: Overrides) -> None:
    [world] = build_worlds(load_run_config(rule_market(f"presentation.wording={wording}")))
    prompts: dict[str, str] = {}

    class PromptRecorder(RandomMind):
        """Keeps every prompt."""

        def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
            prompts.update({question.template.name: render(question).user for question in questions})
            return super().answer(questions)

    world.mind = PromptRecorder()
    for _ in range(4):
        world.step()
    assert set(prompts) == {f"marketplace/{name}" for name in Marketplace.prompts if name != "preamble"}
    if wording:
        assert set(Marketplace.paraphrases[wording - 1]) == set(Marketplace.prompts)


def test_rules_do_not_see_the_presentation(rule_market: Overrides) -> None:
    histories = []
    for changes in ((), ("presentation.wording=2", "presentation.profile_reversed=true", "presentation.first_label=M")):
        [world] = build_worlds(load_run_config(rule_market(*changes)))
        world.mind = RuleMind(Marketplace.rules)
        for _ in range(3):
            world.step()
        histories.append(world.latest_metrics)
    assert histories[0] == histories[1]


def test_an_unknown_wording_is_refused(rule_market: Overrides) -> None:
    with pytest.raises(ConfigError, match="has 3 paraphrases"):
        build_worlds(load_run_config(rule_market("presentation.wording=4")))
