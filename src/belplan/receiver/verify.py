"""Is it the exchange that asks? Signatures of Standard Webhooks (version 1), and how old they may be."""

import hmac
import time
from collections.abc import Mapping, Sequence

from belplan.signing import payload_of, signature

TOLERANCE = 300  # seconds; the specification's own advice


class SignatureError(ValueError):
    """A request that may not be believed, and why not."""


def verify(
    secrets: str | Sequence[str],
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE,
) -> None:
    """Raise SignatureError unless one of the secrets signed exactly this request, less than `tolerance` seconds ago.

    `target` is path and query, byte for byte as on the request line: a `GET` is signed by it. `headers` may be in any
    case. `now` is in seconds since 1970. A secret is `whsec_` and base64, or any text. Raises ValueError for a
    secret that is neither.
    """
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    if not known:
        raise ValueError("there is no secret to verify with")
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not given.get(name)]
    if missing:
        raise SignatureError(f"the header {missing[0]} is missing")
    stamp = given["webhook-timestamp"]
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise SignatureError("webhook-timestamp is not a number of seconds")
    away = abs((time.time() if now is None else now) - int(stamp))
    if away > tolerance:
        raise SignatureError(f"webhook-timestamp is {away:.0f} seconds off; at most {tolerance:.0f} are taken")
    payload = payload_of(method, target, body)
    right = [signature((secret,), given["webhook-id"], int(stamp), payload).encode() for secret in known]
    said = [one.encode() for one in given["webhook-signature"].split()[:20]]
    # Every pair is compared, and whole: how far two agree must not show in the time it takes.
    if sum(hmac.compare_digest(one, other) for one in said for other in right) == 0:
        raise SignatureError("webhook-signature is not that of this request")
