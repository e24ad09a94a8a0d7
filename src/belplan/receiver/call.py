"""The request of a webhook: the twelve fields of a call."""

import json
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self, cast


class NotACallError(ValueError):
    """A body that is not the call of a webhook, and why not."""


def _field(description: str, example: str) -> Any:
    return field(metadata={"description": description, "example": example})


@dataclass(frozen=True, slots=True)
class Call:
    """A call, as `POST` brings it. Every field is a text; what is not known, or may not leave the house, is ""."""

    com_id: str = _field("Company.", "42f30becd4ea93edd284e059427b5ee0")
    dp_id: str = _field("Dial plan.", "42f30becd4ea93edd284e059427cf1f7")
    dp_in_number: str = _field("Internal number of the dial plan.", "1003")
    dp_ex_number: str = _field(
        "External number of the dial plan: the one that was called, else its first. E.164 digits without +.",
        "31102380095",
    )
    callee_number: str = _field("Number that was called: E.164 digits without +, or an internal number.", "31102380095")
    caller_number: str = _field(
        "Number of the caller: E.164 digits without +; of an internal caller the SIP account; empty when withheld.",
        "31152026057",
    )
    uuid: str = _field("The call on the exchange, one for the whole call.", "b587f4ee-718d-41ed-88ee-b97829e8fee4")
    phonebook_caller_name: str = _field("Name of the caller in the company's phone book.", "")
    event_time: str = _field("When this request was made: milliseconds since 1970, as digits.", "1669908899250")
    call_start_time: str = _field(
        "When the call entered the dial plan: milliseconds since 1970, as digits.", "1669908896814"
    )
    rta_call_id: str = _field("Legacy id of the call.", "8a5d5db451e9-6bd98ab0066f")
    sip_call_id: str = _field("Call-ID of the caller's SIP dialog, as received.", "lsjuf8l09juq1i0a9vai")

    @classmethod
    def read(cls, body: bytes | str) -> Self:
        """A call out of the body of a `POST`. Fields that are not known here are left alone. Raises NotACallError."""
        try:
            read = json.loads(body)
        except (ValueError, RecursionError):
            raise NotACallError("the body is not JSON") from None
        if not isinstance(read, dict):
            raise NotACallError("the body is not a JSON object")
        values = cast("dict[str, Any]", read)
        taken: dict[str, str] = {}
        for name in FIELDS:
            value = values.get(name, MISSING)
            if value is MISSING:
                raise NotACallError(f"{name} is missing")
            if not isinstance(value, str):
                raise NotACallError(f"{name} is not a text")
            taken[name] = value
        return cls(**taken)

    @property
    def withheld(self) -> bool:
        """Whether the caller's number is not known."""
        return not self.caller_number

    @property
    def asked_at(self) -> datetime | None:
        """`event_time` as a moment, in UTC."""
        return _moment(self.event_time)

    @property
    def started_at(self) -> datetime | None:
        """`call_start_time` as a moment, in UTC."""
        return _moment(self.call_start_time)


FIELDS = tuple(one.name for one in fields(Call))
"""The names of the twelve fields, in the order in which they are sent."""


def _moment(milliseconds: str) -> datetime | None:
    """Milliseconds since 1970 as digits; None where the field was withheld or is no moment."""
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
