"""A text that is kept with a channel, in its variables: it lives exactly as long as the call does.

Setting a variable is put off while the channel sounds, and with it the commands of all calls (see playing). The
function SET, evaluated where a variable is read, sets it at once, whatever the channel does.
"""

from urllib.parse import quote

import structlog

from belplan.drivers.asterisk.ari import Ari, AriError, RefusedError, segment

NAME = "BELPLAN_JOURNAL"
PIECE = 3000  # bytes as they are sent: a line of HTTP has 4,096 in Asterisk
MOST = 20  # pieces

_LONGEST = 3  # times its own length is what an ASCII text may become
_SAFE = "{}[]:,/@!$*'()~"  # what JSON is made of, and neither a URI nor Asterisk takes for something else
_QUOTED = {ord(sign): quote(sign, safe=_SAFE) for sign in map(chr, range(128)) if quote(sign, safe=_SAFE) != sign}

_log = structlog.get_logger()


class GoneError(Exception):
    """There is no such channel."""


def assignments(text: str, generation: int) -> list[tuple[str, str]]:
    """The variables that hold a text, in the order in which they are to be set.

    What is longer than one piece is whole only once the last one is set, which says where the others are: those
    of the generation before are not touched.
    """
    if (text.isascii() and len(text) * _LONGEST <= PIECE) or len(_quoted(text)) <= PIECE:
        return [(NAME, text)]
    size = PIECE // 3 if text.isascii() else PIECE // 12
    pieces = [text[begin : begin + size] for begin in range(0, len(text), size)]
    here = generation % 2
    return [*((f"{NAME}_{here}_{n}", piece) for n, piece in enumerate(pieces)), (NAME, f"{here}.{len(pieces)}")]


async def write(ari: Ari, channel: str, text: str, generation: int) -> None:
    """Set them, before any command that comes later. Waits only where commands do not keep their order."""
    values = assignments(text, generation)
    if len(values) > MOST:
        _log.warning("journal.too_large", leg=channel, pieces=len(values))
        return
    for name, value in values:
        uri = f"channels/{segment(channel)}/variable?variable=" + _quoted(f"SET({name}={value})")
        if not ari.tell("GET", uri):
            try:
                await ari.command("GET", uri, patience=0.0)
            except AriError as error:
                # Whatever it is, the call goes on; it is written again when the connection is back.
                _log.debug("journal.not_written", leg=channel, reason=str(error))
                return


def _quoted(text: str) -> str:
    # Several times as fast as quote(), which a call does for each of its steps.
    return text.translate(_QUOTED) if text.isascii() else quote(text, safe=_SAFE)


async def read(ari: Ari, channel: str) -> tuple[str, int]:
    """The text of a channel, "" where it has none, and a generation of it. Raises GoneError, AriError."""
    head = await _value(ari, channel, NAME)
    if head[:1] not in ("0", "1"):
        return head, 0
    here, _, count = head.partition(".")
    return "".join([await _value(ari, channel, f"{NAME}_{here}_{n}") for n in range(int(count))]), int(here)


async def _value(ari: Ari, channel: str, name: str) -> str:
    try:
        return (await ari.command("GET", f"channels/{segment(channel)}/variable?variable={name}"))["value"]
    except RefusedError as refused:
        if refused.status != 404:
            raise
        if "variable" not in refused.reason.lower():
            raise GoneError from refused
        return ""
