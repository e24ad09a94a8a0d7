"""PINs of voicemail boxes: who may listen, and how often one may guess."""

import hmac
from collections import defaultdict, deque

from belplan.dialplan.company import Company, VoicemailBox

MOST_WRONG = 5
WITHIN = 900.0  # seconds: of 10,000 PINs of four digits, a guesser tries 480 a day


class Pins:
    """Counts wrong PINs. One for all calls of an exchange.

    The company's own phones are counted apart: a stranger who guesses does not lock out the owner at their desk.
    """

    def __init__(self) -> None:
        self._wrong = defaultdict[tuple[str, str, bool], deque[float]](lambda: deque(maxlen=MOST_WRONG))

    def locked(self, company: Company, number: str, own_phone: bool, now: float) -> bool:
        """Whether no more PINs are taken for a box number for a while. `now` is in monotonic seconds."""
        wrong = self._wrong.get((company.id, number, own_phone))
        return wrong is not None and len(wrong) == MOST_WRONG and wrong[0] > now - WITHIN

    def opens(self, company: Company, number: str, own_phone: bool, given: str, right: str | None, now: float) -> bool:
        """Whether `given` is the PIN; wrong ones are counted, also for a number that is no box's (`right` None)."""
        key = (company.id, number, own_phone)
        if hmac.compare_digest(given, right or "") and right:
            self._wrong.pop(key, None)
            return True
        self._wrong[key].append(now)
        return False


def may_listen(box: VoicemailBox, user: str | None) -> bool:
    """Whether a user's own phone opens a box without a PIN."""
    return box.pin is None and user is not None and user in box.users
