"""An app: one step of a route that does something with a call."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from belplan.dialplan.route import AppSettings

if TYPE_CHECKING:
    from belplan.engine.call import Call


@dataclass(frozen=True, slots=True)
class Move:
    """Leave for another place than a route of one's own.

    Exactly one of the names is given. With `returns` the call comes back below the item when the
    route there ends; else it never does.
    """

    dial_plan: str = ""
    menu: str = ""
    context: str = ""
    user: str = ""  # number of a user whose personal dial plan is meant
    returns: bool = False
    exit: str = "moved"


class App(AppSettings, ABC):
    """What can stand in a route.

    The fields are its settings and its form in the editor, the docstring its help, `exits` its ways
    out. A business failure is an exit; a bug is an exception. A hang-up cancels `run` from outside:
    an app holds no code for it and lets CancelledError pass.

    When the engine dies, another one runs the app again from its beginning, on the same call: `run` must be
    safe to do again. Ids of legs, webhooks, letters and recordings come from the call and its counters, so that
    they are the same then; what must not begin anew is told with `call.keep` and looked up in `call.kept`.
    """

    acts: ClassVar[bool] = True
    """False where it only decides: nobody outside notices, so that nothing need be written down before."""

    @abstractmethod
    async def run(self, call: "Call") -> str | Move:
        """Do it, and say by which exit the call leaves."""

    def start_early(self, call: "Call", path: str) -> None:
        """Begin the work that `run` collects later, for an app that `starts_early`."""
