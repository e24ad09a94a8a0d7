"""Secrets at rest. The key is a file beside the database, never in it: a copy of the database alone opens nothing.

Values are sealed with AES-256-GCM (NIST SP 800-38D) under random 96-bit nonces, bound to the place where they are kept,
so that one cannot be moved to another's name. Tokens are kept as keyed digests only.
"""

import base64
import binascii
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes


class KeyFileError(Exception):
    """The key file cannot be used, or does not belong to this database."""


class Vault:
    """Seals and opens values with the key in a file, which is made when it is not there."""

    def __init__(self, key: bytes) -> None:
        self._seal = AESGCM(_derived(key, b"secrets"))
        self._digest = _derived(key, b"digests")

    @classmethod
    def open(cls, path: Path) -> "Vault":
        """The vault of a key file. Raises KeyFileError, OSError."""
        try:
            text = path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            text = base64.b64encode(os.urandom(32)).decode()
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise KeyFileError(f"{path}: not a key; it holds 32 bytes in base64")
        return cls(key)

    def seal(self, value: str, place: str) -> bytes:
        """A value as it may be kept at `place`."""
        nonce = os.urandom(NONCE)
        return nonce + self._seal.encrypt(nonce, value.encode(), place.encode())

    def open_sealed(self, sealed: bytes, place: str) -> str:
        """The value that was sealed for `place`. Raises KeyFileError where the key is another one."""
        try:
            return self._seal.decrypt(sealed[:NONCE], sealed[NONCE:], place.encode()).decode()
        except InvalidTag:
            raise KeyFileError(f"the key file is not the one that {place} was sealed with") from None

    def digest(self, purpose: str, token: str) -> str:
        """What is kept of a token: 64 hex digits that nobody can make without the key."""
        return hmac.digest(self._digest, f"{purpose}:{token}".encode(), "sha256").hex()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"belplan " + purpose).derive(key)
