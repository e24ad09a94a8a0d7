"""Hang-up causes (ITU-T Q.850), where Asterisk's own differ from those of the port."""

from collections.abc import Collection

from belplan.engine.leg import (
    ABSENT,
    ANSWERED_ELSEWHERE,
    BUSY,
    NO_ANSWER,
    NO_CIRCUIT,
    NO_USER_RESPONDING,
    NORMAL,
    NUMBER_CHANGED,
    OUT_OF_ORDER,
    REJECTED,
    TEMPORARY_FAILURE,
)

_UNSPECIFIED = 31
_NOT_ACCEPTABLE = 58
_NOT_IMPLEMENTED = 29
_INTERWORKING = 127

# A call that was not answered is refused with a SIP status made from the cause. Asterisk makes 603 "Decline"
# of all that it has no status for, and 603 tells every proxy on the way not to try anywhere else. These
# have the status that RFC 3398 7.2.4.1 gives them, or its nearest: 41 is 503, as 34 is in Asterisk.
_REFUSAL = {
    0: _UNSPECIFIED,
    NORMAL: _UNSPECIFIED,  # 480
    23: NUMBER_CHANGED,  # 410
    25: OUT_OF_ORDER,  # 502
    ANSWERED_ELSEWHERE: _UNSPECIFIED,
    TEMPORARY_FAILURE: NO_CIRCUIT,  # 503
    47: NO_CIRCUIT,
    55: REJECTED,  # 403
    57: REJECTED,
    65: _NOT_ACCEPTABLE,  # 488
    69: _NOT_IMPLEMENTED,  # 501
    70: _NOT_ACCEPTABLE,
    79: _NOT_IMPLEMENTED,
    87: REJECTED,
    88: _NOT_ACCEPTABLE,
    102: NO_USER_RESPONDING,  # 408
    111: 38,  # 500
}

# Of several registrations of one phone that did not answer, the one that says most.
_TELLING = (BUSY, REJECTED, NO_ANSWER, NO_USER_RESPONDING, NUMBER_CHANGED)


def refusal(cause: int) -> int:
    """The cause to give Asterisk, so that an unanswered call is refused with the SIP status that belongs to `cause`."""
    return _REFUSAL.get(cause, cause)


def heard(cause: int) -> int:
    """The cause of a channel's end, as Asterisk says it. A caller who gave up ended it normally."""
    return NORMAL if cause in (0, _INTERWORKING) else cause


def most_telling(causes: Collection[int]) -> int:
    """One cause for a phone whose registrations all ended without an answer."""
    return next((cause for cause in _TELLING if cause in causes), next(iter(causes), ABSENT))
