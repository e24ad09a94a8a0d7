"""The lamp of a phone that says that messages wait (RFC 3842).

Asterisk keeps two numbers for each mailbox and tells them to the phones that are subscribed to it. Debian's has no
ARI for that: what can be had sets them from the dialplan, so a Local channel goes through two lines of it.
"""

import asyncio
import itertools

import structlog

from belplan.drivers.asterisk.ari import Ari, AriError, LeaseLostError

CONTEXT = "message-waiting"  # in extensions.conf
AGAIN_AFTER = 2.0  # seconds until a lamp that could not be set is tried again
GONE_WITHIN = 5.0  # seconds within which the Local channel has done it

_log = structlog.get_logger()


def mailbox(company: str, box: str) -> str:
    """The name in Asterisk of a company's box, by their id and number."""
    return f"{box}@{company}"


class MessageWaiting:
    """Sets the lamps of one Asterisk, one after the other and in the background."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._counts: dict[str, tuple[int, int]] = {}
        self._due: dict[str, None] = {}  # in the order that they changed in
        self._more = asyncio.Event()
        self._numbers = itertools.count(1)

    def show(self, mailbox: str, new: int, old: int) -> None:
        """So many messages wait in a mailbox that nobody has heard, and so many that somebody has."""
        self._counts[mailbox] = new, old
        self._due[mailbox] = None
        self._more.set()

    def show_again(self) -> None:
        """Asterisk may have been started anew: it knows nothing then."""
        self._due |= dict.fromkeys(self._counts)
        self._more.set()

    async def run(self) -> None:
        """Do it, for ever. Ends when another server takes over."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._due:
                name = next(iter(self._due))
                del self._due[name]
                try:
                    await self._set(name, *self._counts[name])
                except LeaseLostError:
                    return
                except AriError as error:
                    _log.warning("asterisk.lamp_not_set", reason=str(error))
                    self._due[name] = None
                    await self._ari.wait_connected()
                    await asyncio.sleep(AGAIN_AFTER)

    async def _set(self, name: str, new: int, old: int) -> None:
        channel = f"lamp-{next(self._numbers)}"
        done = asyncio.Event()
        self._ari.listeners[channel] = lambda event: done.set() if event["type"] == "ChannelDestroyed" else None
        # `app` is told of the channel's end; it is never answered, so never comes there.
        variables = {"__BELPLAN_MAILBOX": name, "__BELPLAN_NEW": str(new), "__BELPLAN_OLD": str(old)}
        body = {"endpoint": f"Local/s@{CONTEXT}", "app": self._ari.app, "channelId": channel, "variables": variables}
        try:
            await self._ari.command("POST", "channels", body)
            # The next one may be about the same mailbox.
            await asyncio.wait_for(done.wait(), GONE_WITHIN)
        except TimeoutError:
            _log.warning("asterisk.lamp_not_seen", mailbox=name)
        finally:
            del self._ari.listeners[channel]
