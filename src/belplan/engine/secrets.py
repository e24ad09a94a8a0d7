"""Where the values behind `secret:NAME` come from. Asking for one never waits."""

from typing import Protocol

from belplan import settings


class Secrets(Protocol):
    """Knows the secrets of companies."""

    def find(self, company: str, name: str) -> str | None:
        """The value of `secret:NAME` in the plan of a company (by its id). None where there is none."""
        ...


class EnvironmentSecrets:
    """The operator's own: `BELPLAN_SECRET_NAME`, for every company alike. For plans in files."""

    def find(self, company: str, name: str) -> str | None:
        return settings.secret(name)
