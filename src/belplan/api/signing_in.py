"""How often somebody may try to sign in. Whoever has the right password is never locked out by others for long."""

import time
from collections import OrderedDict

from belplan.api.problems import ApiError

PER_ADDRESS = 10  # failures for one person from one address before waiting
PER_CLIENT = 50  # from one address, for whomever
WINDOW = 300.0  # seconds after which failures are forgotten
REMEMBERED = 50_000  # counts at once; the oldest are forgotten


class Attempts:
    """Counts attempts: by person and client together, and by client. By person alone it would lock them out."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def admit(self, email: str, client: str) -> None:
        """Count an attempt. Raises ApiError where there were too many."""
        for key, most in (((email.lower(), client), PER_ADDRESS), (("", client), PER_CLIENT)):
            count, began = self._counts.get(key, (0, time.monotonic()))
            if (left := began + WINDOW - time.monotonic()) <= 0:
                count, began, left = 0, time.monotonic(), WINDOW
            if count >= most:
                wait = {"Retry-After": str(int(left) + 1)}
                raise ApiError(429, "too-many", "Too many attempts; wait a while.", headers=wait)
            self._counts[key] = (count + 1, began)
            self._counts.move_to_end(key)
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)

    def succeeded(self, email: str, client: str) -> None:
        """Forget the attempts for somebody who signed in: many behind one address may do so at once."""
        for key in [key for key in self._counts if key[0] == email.lower()]:
            del self._counts[key]
        if found := self._counts.get(("", client)):
            self._counts["", client] = (max(0, found[0] - 1), found[1])
