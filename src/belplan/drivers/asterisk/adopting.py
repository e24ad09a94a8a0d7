"""Finding one's way back: what Asterisk has, compared with what is known here.

After the connection was lost, and at the start of this process, when another one may have died: what Asterisk told
meanwhile was told to nobody. Everything here is safe to do at any time.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from belplan.drivers.asterisk import notes
from belplan.drivers.asterisk.ari import Ari, AriError, segment
from belplan.drivers.asterisk.errands import Errands
from belplan.drivers.asterisk.leg import AsteriskLeg, Bridge, Exchange, owner, playback_ids
from belplan.engine.fault import point

LEG = "leg"  # first argument of what we dialled; the second is the channel it was dialled for
CLAIM = 5.0  # seconds within which a call that was taken up has claimed its phones

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """What Asterisk has, at one moment."""

    channels: dict[str, dict[str, Any]]
    bridges: list[Bridge]

    def bridge_of(self, channel: str) -> Bridge | None:
        return next((bridge for bridge in self.bridges if channel in bridge.channels), None)


async def look(ari: Ari) -> Found:
    """Raises AriError."""
    channels = {one["id"]: one for one in await ari.fetch("channels")}
    bridges = [Bridge(one["id"], frozenset(one["channels"])) for one in await ari.fetch("bridges")]
    return Found(channels, bridges)


def arguments(channel: dict[str, Any], app: str) -> list[str] | None:
    """What a channel that waits in our app was given to it. None where it is elsewhere."""
    dialplan = channel["dialplan"]
    name, _, args = dialplan["app_data"].partition(",")
    return args.split(",") if dialplan["app_name"] == "Stasis" and name == app else None


class Adoption:
    """Takes up the calls that nobody attends. `begin` begins to listen to one."""

    def __init__(self, exchange: Exchange, begin: Callable[[dict[str, Any], list[str]], AsteriskLeg]) -> None:
        self._exchange = exchange
        self._begin = begin
        self._first = True  # nothing here was made by this process

    async def compare(self) -> list[tuple[AsteriskLeg, str]]:
        """Bring what we know up to date. The callers that nobody attended, silent, each with what is noted of it.

        Raises AriError.
        """
        exchange = self._exchange
        lines, sounds = dict(exchange.lines), list(exchange.sounds.values())
        found = await look(exchange.ari)
        point("adopting.begun")
        for channel, line in lines.items():
            if exchange.lines.get(channel) is not line:
                continue
            if there := found.channels.get(channel):
                line.found(there["state"])
            else:
                line.missing()
        taken = self._take_up(found)
        self._remove_strays(found)
        await asyncio.gather(*(sound.ask() for sound in sounds))
        point("adopting.read")
        read = await asyncio.gather(*(self._read(leg, found) for leg in taken))
        return [(leg, note) for leg, note in zip(taken, read, strict=True) if not leg.gone]

    def _take_up(self, found: Found) -> list[AsteriskLeg]:
        """Listen to the callers that nobody attends: at once, so that nothing they do is missed."""
        taken: list[AsteriskLeg] = []
        for channel, there in found.channels.items():
            args = arguments(there, self._exchange.ari.app)
            if args is None or args[:1] != ["in"] or len(args) < 4 or self._known(channel):
                continue
            leg = self._begin(there, args)
            leg.earlier_bridge = found.bridge_of(channel)
            taken.append(leg)
        return taken

    def _remove_strays(self, found: Found) -> None:
        """Give the phones that were dialled to their callers, and hang up those whose caller is gone."""
        errands = self._exchange.errands
        for channel, there in found.channels.items():
            args = arguments(there, self._exchange.ari.app)
            if args is None or self._known(channel):
                continue
            caller = self._exchange.lines.get(args[1]) if args[:1] == [LEG] and len(args) > 1 else None
            if isinstance(caller, AsteriskLeg) and not caller.gone:
                caller.earlier[channel] = there["state"]
            else:
                remove_stray(errands, channel)
        if self._first:
            self._first = False
            for bridge in found.bridges:
                whose = owner(bridge)
                if whose is not None and (whose not in found.channels or not bridge.channels):
                    self._remove(bridge)

    async def _read(self, leg: AsteriskLeg, found: Found) -> str:
        """Have a caller silent, and read what was noted."""
        ari = self._exchange.ari
        # Unless they talk. One who has answered may be hearing something too: who is calling, say.
        sounding = [leg.channel, *(one for one, state in leg.earlier.items() if state == "Up")]
        if leg.earlier_bridge is None:
            await asyncio.gather(*(_delete(ari, f"playbacks/{segment(one)}") for one in playback_ids(*sounding)))
        asyncio.get_running_loop().call_later(CLAIM, self._remove_unclaimed, leg)
        leg.at_end(lambda: self._ends(leg, found))
        try:
            note = await leg.read_note()
        except notes.GoneError:
            leg.missing()
            return ""
        except AriError as error:
            _log.error("journal.not_read", leg=leg.id, reason=str(error))
            note = ""
        _log.info("asterisk.adopted", leg=leg.id, talking=leg.earlier_bridge is not None)
        return note

    def _ends(self, leg: AsteriskLeg, found: Found) -> None:
        self._remove_unclaimed(leg)
        # Also one that they had left when it was looked at: most are removed by now, which does no harm.
        for bridge in found.bridges:
            if owner(bridge) == leg.channel:
                self._remove(bridge)

    def _remove(self, bridge: Bridge) -> None:
        self._exchange.errands.remove(f"bridges/{segment(bridge.id)}", bridge.id)

    def _remove_unclaimed(self, leg: AsteriskLeg) -> None:
        for channel in leg.earlier:
            remove_stray(self._exchange.errands, channel)
        leg.earlier.clear()

    def _known(self, channel: str) -> bool:
        return channel in self._exchange.ari.listeners or self._exchange.errands.removes(channel)


def remove_stray(errands: Errands, channel: str) -> None:
    """Hang up a phone that was dialled for a call that is over."""
    _log.warning("asterisk.stray_removed", leg=channel)
    errands.remove(f"channels/{segment(channel)}", channel)


async def _delete(ari: Ari, uri: str) -> None:
    with contextlib.suppress(AriError):  # most of them are not there
        await ari.command("DELETE", uri)
