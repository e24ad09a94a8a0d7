"""Names of callers that are kept beside the plan. Asking for one never waits."""

from typing import Protocol


class Names(Protocol):
    """Knows the phone books of companies."""

    def name(self, company: str, number: str) -> str:
        """The name that a company (by its id) has for a number in its one form; "" for none."""
        ...
