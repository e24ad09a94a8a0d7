"""What callers hear, as sound files: spoken texts and the company's own recordings."""

from belplan.prompts.prompts import Prompts

__all__ = ["Prompts"]
