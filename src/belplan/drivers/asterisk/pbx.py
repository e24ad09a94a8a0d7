"""The exchange's own program: an Asterisk, found or brought along, started, watched and stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from belplan.drivers.asterisk.configuration import ExchangeSettings

Report = Callable[[str, float], None]


class PbxError(Exception):
    """Asterisk could not be had or run. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    """An Asterisk that can be run."""

    command: tuple[str, ...]
    version: str
    root: Path | None = None  # of the private tree; None is the system's own


def install(report: Report | None = None, *, with_phones: bool = False) -> Program:
    """The system's own Asterisk (20 or newer), else a private one, fetched when it is not there yet. Blocks."""
    raise NotImplementedError


def find() -> Program | None:
    """The Asterisk that `install` would give, if nothing needs to be fetched for it."""
    raise NotImplementedError


class Pbx:
    """One Asterisk with its data folder. It outlives this process unless `stop` is called."""

    def __init__(self, settings: ExchangeSettings, program: Program) -> None:
        self.settings = settings
        self.program = program

    async def start(self, files: Mapping[str, str]) -> set[str]:
        """Run it with these files, or adopt the one that runs in this data folder. Returns once ARI answers.

        The names of the files that changed while it ran on: the caller reloads their modules (RELOADS).
        """
        raise NotImplementedError

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL after 8 s. Nothing happens where it does not run."""
        raise NotImplementedError

    async def exited(self) -> None:
        """Wait until it is no longer there, however that came."""
        raise NotImplementedError

    def pid(self) -> int | None:
        """Of the running Asterisk of this data folder; None where there is none."""
        raise NotImplementedError
