"""Calls of the past, walked again: through another version of their plan, or with one thing otherwise."""

from belplan.replay.past import Fault, Past, UnknownError
from belplan.replay.walk import Again, again

__all__ = ["Again", "Fault", "Past", "UnknownError", "again"]
