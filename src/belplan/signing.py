"""Standard Webhooks signatures (the specification at standardwebhooks.com, version 1).

Signed is `{webhook-id}.{webhook-timestamp}.{payload}`: of a POST the payload is the body; of a GET, which has none,
it is `GET {path and query as on the request line}`, so that neither can be changed or replayed as another.
"""

import base64
import binascii
import hmac
import os

PREFIX = "whsec_"


def new_id() -> str:
    """An id for one step of one call: the receiver's key for "have I seen this before"."""
    return "msg_" + os.urandom(16).hex()


def key_of(secret: str) -> bytes:
    """The key in a secret: what follows `whsec_` in base64, else the text itself in UTF-8. Raises ValueError."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"after {PREFIX} comes base64") from None


def check_secret(secret: str) -> str | None:
    """What is wrong with a signing secret, for its author, or None. Never repeats the secret."""
    try:
        key = key_of(secret)
    except ValueError as error:
        return str(error)
    # Standard Webhooks, "Signature scheme": between 24 and 64 bytes.
    if len(key) < 24:
        return f"the secret has {len(key)} bytes; 24 to 64 are needed, e.g. whsec_ and 32 random bytes in base64"
    return None


def signature(secrets: tuple[str, ...], webhook_id: str, timestamp: int, payload: bytes) -> str:
    """The value of `webhook-signature`: one `v1,…` for each secret, newest first, between spaces. Raises ValueError."""
    signed = f"{webhook_id}.{timestamp}.".encode() + payload
    digests = (hmac.digest(key_of(secret), signed, "sha256") for secret in secrets)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def payload_of(method: str, target: str, body: bytes | None) -> bytes:
    """What a signature covers besides id and timestamp."""
    return f"GET {target}".encode() if method == "GET" else body or b""
