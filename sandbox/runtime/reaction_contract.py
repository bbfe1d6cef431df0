"""The contract of a reaction: what `check` promises about the facts that a world says should move answers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from sandbox.core.form import Choose
from sandbox.core.mind import RuleMind
from sandbox.core.question import Question
from sandbox.core.reaction import Reaction
from sandbox.core.world import World
from sandbox.errors import ContractError
from sandbox.intervals import Mean
from sandbox.prompting.render import render
from sandbox.runtime.reaction_tables import people_slopes
from sandbox.runtime.reactions import QuestionSample, measure_reactions

MAX_QUESTIONS = 20
"""Questions on which each reaction is tried."""


def check_reactions(kind: type[World[Any]], questions: Sequence[Question[Any]]) -> None:
    """Raise `ContractError` unless every reaction of a world changes one fact, and rule agents show it.

    Args:
        kind: The world.
        questions: What the world asked in some steps.
    """
    for reaction in kind.reactions:
        where = f"world {kind.name}, reaction {reaction.name}"
        varied = [question for question in questions if reaction.applies_to(question)][:MAX_QUESTIONS]
        if not varied:
            raise ContractError(
                f"{where}: it applies to none of the {len(questions)} questions of these steps; its fact must be read "
                f"from a choice asked with the template {reaction.template!r}"
            )
        for question in varied:
            _check_variation(where, reaction, question)
        _check_rule(where, kind, reaction, varied)


def _check_variation(where: str, reaction: Reaction, question: Question[Any]) -> None:
    """Check that levels change what is asked but not who is asked, and that the original level gives it back."""
    same = reaction.fact.write(question, reaction.fact.read(question))
    if same.digest() != question.digest():
        raise ContractError(f"{where}: writing the fact that was read changes the question; write must undo read")
    versions = reaction.vary(question)
    prompts = {render(version) for version in versions}
    if len(prompts) < len(versions):
        raise ContractError(f"{where}: two levels read the same in a prompt; the text must say what the fact says")
    for version in versions:
        version.content()  # facts and options must fit into the log
        if _what_stays(version) != _what_stays(question):
            raise ContractError(
                f"{where}: a level changes more than facts and texts of options; agent, person, memory, seed, template "
                "and the keys of options must stay the same"
            )


def _what_stays(question: Question[Any]) -> tuple[Any, ...]:
    form = question.form
    keys = [option.key for option in form.options] if isinstance(form, Choose) else []
    others = [value for name, value in msgspec.structs.asdict(question).items() if name not in ("facts", "form")]
    return (*others, keys, sorted(question.facts))


def _check_rule(where: str, kind: type[World[Any]], reaction: Reaction, questions: Sequence[Question[Any]]) -> None:
    """Check that rule agents react in the direction that theory gives: they are the reference where people are not."""
    sample = QuestionSample([reaction], len(questions))
    sample.add(questions)
    ask = RuleMind(kind.rules).answer
    answers = measure_reactions(list(sample.vary()), ask, ask)
    slope = Mean.of(people_slopes(answers)).value
    if not slope * reaction.direction > 0:
        raise ContractError(
            f"{where}: rule agents must show it, but their slope is {slope:.3g} {reaction.unit}, and theory gives "
            f"{reaction.direction:+d}; mend the rule of {reaction.template!r} or the direction"
        )
