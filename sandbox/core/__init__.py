"""The vocabulary of a simulation: agents, questions, answers, minds and worlds.

Whoever writes a world or a mind imports from here. Owns the types that worlds and minds share, and must not know any
world, any mind that needs a model, or how a run is configured and stored.
"""

from sandbox.core.agent import Agent
from sandbox.core.answer import Answer
from sandbox.core.answering import Reply, draw_option, random_reply
from sandbox.core.form import STARS, Choose, Fill, Form, Option, Write, choose, choose_among
from sandbox.core.intervention import Intervention
from sandbox.core.interventions import Message, SetParams
from sandbox.core.memory import Event, MemoryBudget, MemoryView
from sandbox.core.mind import Mind, MindContext, Rule, Rules
from sandbox.core.params import WorldParams
from sandbox.core.presentation import Presentation
from sandbox.core.profile import Profile
from sandbox.core.question import Question, Template, Turn, gather
from sandbox.core.reaction import (
    Level,
    PeopleSlope,
    Reaction,
    VariedFact,
    change_facts,
    expected_number,
    grid,
    log_odds,
    plain_fact,
)
from sandbox.core.replicate import Replicate
from sandbox.core.seeds import SeedTree
from sandbox.core.templates import read_prompts
from sandbox.core.world import Row, World

__all__ = [
    "STARS",
    "Agent",
    "Answer",
    "Choose",
    "Event",
    "Fill",
    "Form",
    "Intervention",
    "Level",
    "MemoryBudget",
    "MemoryView",
    "Message",
    "Mind",
    "MindContext",
    "Option",
    "PeopleSlope",
    "Presentation",
    "Profile",
    "Question",
    "Reaction",
    "Replicate",
    "Reply",
    "Row",
    "Rule",
    "Rules",
    "SeedTree",
    "SetParams",
    "Template",
    "Turn",
    "VariedFact",
    "World",
    "WorldParams",
    "Write",
    "change_facts",
    "choose",
    "choose_among",
    "draw_option",
    "expected_number",
    "gather",
    "grid",
    "log_odds",
    "plain_fact",
    "random_reply",
    "read_prompts",
]
