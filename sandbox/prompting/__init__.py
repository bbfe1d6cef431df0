"""From questions to prompts, without a model."""

from sandbox.prompting.render import Prompt, render

__all__ = ["Prompt", "render"]
