"""Settings of a webhook beyond the manual's: who it says it is, what it tells, what the caller hears meanwhile."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from belplan.dialplan.fields import CALL_DATA, Settings, Text, refuse

SECRET = "secret:"  # noqa: S105 - the word before a secret's name

Find = Callable[[str], str | None]


class MissingSecretError(Exception):
    """There is no value for `secret:NAME`; without it the request would not be what its author meant."""


class Basic(Settings):
    """Name and password, as RFC 7617 has them."""

    username: Annotated[
        Text, Field(pattern="^[^:\\x00-\\x1f\\x7f]{1,256}$", description="Without a colon (RFC 7617 2).")
    ]
    password: Annotated[Text, Field(min_length=1, max_length=1000)]


class OwnHeader(Settings):
    """A header that the receiver knows us by."""

    name: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,100}$")]
    value: Annotated[Text, Field(min_length=1, max_length=4000)]


class Auth(Settings):
    """How the receiver knows us. Exactly one of them; write credentials as secret:NAME."""

    basic: Basic | None = None
    bearer: Annotated[Text | None, Field(min_length=1, max_length=4000)] = None
    header: OwnHeader | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(way is not None for way in (self.basic, self.bearer, self.header)) != 1:
            raise refuse("missing-field", "give one of basic, bearer and header")
        return self


class Waiting(Settings):
    """What the caller hears while the answer is awaited: from `after` seconds on a tone, a spoken text, or a file."""

    after: Annotated[
        float, Field(ge=0, le=10, description="Seconds of ringing, or of the waiting tone, before it.")
    ] = 0
    tone: Annotated[Literal["ringing", "waiting", "music"] | None, Field(description="A tone, or music.")] = None
    say: Annotated[Text | None, Field(max_length=1000, description="Text that is spoken, once.")] = None
    file: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ .-]{0,120}$", description="A sound file.")] = (
        None
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(sound is not None for sound in (self.tone, self.say, self.file)) != 1:
            raise refuse("missing-field", "give one of tone, say and file")
        return self


How = Literal["whole", "masked", "hashed"]
Send = tuple[str, ...] | dict[str, How]


def check_send(send: Send) -> str | None:
    """What is wrong with the choice of fields that leave the house, or None."""
    for field in send:
        if field not in CALL_DATA:
            return f'"{field}" is none of the twelve fields: {", ".join(CALL_DATA)}'
    return None


def told(fields: Mapping[str, str], send: Send | None, key: str) -> dict[str, str]:
    """The twelve fields, as far as they may leave the house; the others are "".

    Masked keeps the last four characters. Hashed is HMAC-SHA256 under `key`, in hex: the same value gives
    the same hash, and without the key nobody can try all numbers.
    """
    if send is None:
        return dict(fields)
    ways: Mapping[str, How] = send if isinstance(send, dict) else dict.fromkeys(send, "whole")
    return {name: _told(value, ways.get(name), key) for name, value in fields.items()}


def _told(value: str, how: How | None, key: str) -> str:
    if how is None or not value:
        return ""
    if how == "masked":
        return "*" * max(0, len(value) - 4) + value[-4:] if len(value) > 4 else "*" * len(value)
    if how == "hashed":
        return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()
    return value


def revealed(text: str, find: Find) -> str:
    """The text, or the value that `secret:NAME` stands for. Raises MissingSecretError."""
    if not text.startswith(SECRET):
        return text
    value = find(text.removeprefix(SECRET))
    if value is None:
        raise MissingSecretError(f"there is no value for {text}")
    return value
