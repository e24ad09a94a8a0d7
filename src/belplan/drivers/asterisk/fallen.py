"""Notes of the calls that no engine attended: Asterisk writes one when such a call ends, for the next engine to read.

Nothing in a note was not filtered, so that its lines and fields are what they seem to be.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

NOTES = "spool/fallen"  # in Asterisk's folder
_TAKEN = ".taken"

# What goes into a note, in this order: Asterisk's expressions.
FIELDS = {
    "company": "${BELPLAN_COMPANY}",
    "origin": "${BELPLAN_ORIGIN}",
    "channel": "${UNIQUEID}",
    "caller": '${IF($["${BELPLAN_PRIVACY}" = "shown"]?${FILTER(-0-9A-Za-z+*#._,${CALLERID(num)})}:)}',
    "called": "${BELPLAN_CALLED}",
    "began": "${BELPLAN_FELL}",
    "ended": "${EPOCH}",
    "status": "${FILTER(A-Z,${DIALSTATUS})}",
    "phone": "${FILTER(-0-9A-Za-z/._,${DIALEDPEERNAME})}",
}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fallen:
    """A call that Asterisk answered itself. `phone` is the SIP account that took it; "" where none did."""

    company: str
    trunk: str  # "" where a phone called
    channel: str
    caller: str
    called: str
    began: datetime
    ended: datetime
    hung_up: bool  # by the caller, before anybody answered
    phone: str


def take(data: Path) -> list[Fallen]:
    """The notes that there are in Asterisk's folder, also those that were taken and not `done` with. Raises OSError.

    Asterisk opens the file anew for each of its lines: what is renamed is whole a moment later.
    """
    notes, taken = data / NOTES, data / f"{NOTES}{_TAKEN}"
    if not taken.exists():
        if not notes.exists():
            return []
        notes.rename(taken)
    lines = taken.read_text(encoding="utf-8", errors="replace").splitlines()
    return [found for line in lines if (found := _read(line))]


def done(data: Path) -> None:
    """What was taken is kept elsewhere now."""
    (data / f"{NOTES}{_TAKEN}").unlink(missing_ok=True)


def _read(line: str) -> Fallen | None:
    try:
        company, origin, channel, caller, called, began, ended, status, phone = line.split("|")
        kind, _, name = origin.partition(":")
        return Fallen(
            company=company,
            trunk=name if kind == "trunk" else "",
            channel=channel,
            caller=caller if kind == "trunk" else name * bool(caller),
            called=called,
            began=datetime.fromtimestamp(int(began), UTC),
            ended=datetime.fromtimestamp(int(ended), UTC),
            hung_up=status == "CANCEL",
            # PJSIP/anna-00000012
            phone=phone.partition("/")[2].rpartition("-")[0] if status == "ANSWER" else "",
        )
    except ValueError as error:
        _log.error("fallen.unreadable", reason=str(error))
        return None
