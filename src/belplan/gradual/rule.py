"""When a version that some of the callers have is taken back.

A call *fails* when it came to nobody and to no voicemail. Both versions have calls at the same hours, so a company that
is closed fails alike in both. The new version is taken back as soon as

- an item of it crashed in CRASHES calls, and none of the old one did; or
- at least FAILURES of its calls failed, and that they fail no more than those of the old one would be less likely than
  UNLIKELY (Fisher's exact test, one-sided; Fisher 1922).
"""

from dataclasses import dataclass
from math import exp, lgamma

from belplan.engine.cdr import CallRecord

CRASHES = 3
FAILURES = 5
UNLIKELY = 0.001  # it is looked at after every call, so chance gets many tries

NOTHING = 1e-9  # of the chance so far: what no longer changes it

_REACHED = frozenset({"connected", "voicemail"})


@dataclass(slots=True)
class Tally:
    """The calls that have walked a version."""

    calls: int = 0
    failed: int = 0
    crashed: int = 0

    def count(self, record: CallRecord) -> None:
        """One more."""
        self.calls += 1
        self.failed += record.outcome not in _REACHED
        self.crashed += any(step.detail.get("reason") == "crashed" for step in record.trace)


def verdict(new: Tally, old: Tally) -> str:
    """Why the new version is to be taken back, in words; "" where it is not."""
    if new.crashed >= CRASHES and not old.crashed:
        return f"an item crashed in {new.crashed} of {new.calls} calls"
    if new.failed < FAILURES or new.failed * old.calls <= old.failed * new.calls or chance(new, old) >= UNLIKELY:
        return ""
    return (
        f"{new.failed} of {new.calls} calls reached nobody and no voicemail; of the others {old.failed} of {old.calls}"
    )


def chance(new: Tally, old: Tally) -> float:
    """How likely so many of the failed calls are in the new version, when both fail alike."""
    calls, failed = new.calls + old.calls, new.failed + old.failed
    total = 0.0
    for at in range(max(new.failed, failed - old.calls), min(failed, new.calls) + 1):
        one = exp(_ways(new.calls, at) + _ways(old.calls, failed - at) - _ways(calls, failed))
        if one < total * NOTHING:
            break  # past the middle each is less likely than the one before; no call waits for them
        total += one
    return total


def _ways(of: int, some: int) -> float:
    """The logarithm of in how many ways some of them can be taken."""
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)
