"""The variables of a call: those of its dial plan, and beneath a menu also that menu's own."""

from typing import Any


class Variables:
    """Scopes in each other. Reading looks outwards, writing goes into the innermost."""

    __slots__ = ("_everything", "_scopes", "written")

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = [{}]
        self._everything: dict[str, str] = {}
        self.written: dict[str, str] = {}  # in the step under way, without what webhooks tell of themselves

    def get(self, name: str) -> str | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    def set(self, name: str, value: str) -> None:
        self._scopes[-1][name] = value
        self._everything[name] = value
        if "." not in name:
            self.written[name] = value

    def clear(self, name: str) -> None:
        """Leave it unset: a webhook that is asked again and fails does not keep its old answer."""
        self._scopes[-1].pop(name, None)

    def enter(self) -> None:
        """Begin a menu's own scope."""
        self._scopes.append({})

    def leave(self) -> None:
        """Go back to the scope around it."""
        self._scopes.pop()

    def begin(self) -> None:
        """Begin another dial plan: it sees nothing of the one before."""
        self._scopes = [{}]

    def all(self) -> dict[str, str]:
        """Every variable the call was ever given, with its last value: for its record.

        Without what webhooks tell of themselves (`klant.status`): that is in their steps.
        """
        return {name: value for name, value in self._everything.items() if "." not in name}

    def past(self) -> dict[str, str]:
        """The values that no scope has any more."""
        return {name: value for name, value in self._everything.items() if self.get(name) != value}

    def restore(self, scopes: list[dict[str, str]], past: dict[str, str]) -> None:
        """Be as `scopes` and `past` said."""
        self._scopes = [dict(scope) for scope in scopes] or [{}]
        self._everything = {name: value for scope in self._scopes for name, value in scope.items()} | past

    def scopes(self) -> list[dict[str, Any]]:
        return [dict(scope) for scope in self._scopes]
