"""The kinds of value that fields of a plan hold, and how they may be written."""

import re
from datetime import date, time
from typing import Annotated, Any, LiteralString, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
INTERNAL = re.compile(r"[0-9]{1,6}")
SOUND_FILE = r"^[A-Za-z0-9_][A-Za-z0-9_ .-]{0,120}$"

# The call data: the fields of the webhook request, in the manual's order. A plan reads them by these names.
CALL_DATA = (
    "com_id",
    "dp_id",
    "dp_in_number",
    "dp_ex_number",
    "callee_number",
    "caller_number",
    "uuid",
    "phonebook_caller_name",
    "event_time",
    "call_start_time",
    "rta_call_id",
    "sip_call_id",
)


class Settings(BaseModel):
    """Settings in a plan: nothing unknown, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def refuse(code: LiteralString, message: str) -> PydanticCustomError:
    """What a validator raises to choose the code of the problem, as `check` prints it."""
    return PydanticCustomError(code, "{message}", {"message": message})


def as_text(value: Any) -> Any:
    """Text as it was written: `007` stays `007`, `true` is the word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return getattr(value, "source", None) or str(value)
    return value


def placeholders(text: str) -> list[str]:
    """The names between braces: `["caller_number"]` of `https://x/?n={caller_number}`."""
    return PLACEHOLDER.findall(text)


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise refuse(
            "invalid-value", "a variable is letters, digits and _, does not start with a digit, at most 64 long"
        )
    if name in CALL_DATA:
        raise refuse("invalid-value", f'"{name}" is a name of the call data already; choose another')
    return name


def _internal(number: str) -> str:
    if not INTERNAL.fullmatch(number):
        raise refuse("invalid-value", "an internal number is 1 to 6 digits")
    return number


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00", text):
        raise refuse("invalid-time", "not a time; write 08:30, at most 24:00")
    return text.zfill(5)


def _date(text: str) -> str:
    try:
        # A day of every year may be 29 February: read it in a leap year.
        date.fromisoformat(text if len(text) == 10 else f"2024-{text}")
    except ValueError:
        raise refuse("invalid-time", "not a date; write 2026-12-31, or 12-31 for every year") from None
    return text


def _full_date(text: str) -> str:
    if len(_date(text)) != 10:
        raise refuse("invalid-time", "a period needs its year: 2026-07-13")
    return text


def clock_time(text: str) -> time:
    """`08:30` as a time; `24:00` is the last moment of the day."""
    return time.max if text == "24:00" else time.fromisoformat(text)


Text = Annotated[str, BeforeValidator(as_text)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166 code of a country.")]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Variable = Annotated[Text, AfterValidator(_variable)]
InternalNumber = Annotated[Text, AfterValidator(_internal)]
ClockTime = Annotated[Text, AfterValidator(_clock)]
Date = Annotated[Text, AfterValidator(_date)]
FullDate = Annotated[Text, AfterValidator(_full_date)]


class Prompt(Settings):
    """Something a caller hears: spoken text, or a sound file of the company."""

    say: Annotated[Text | None, Field(description="Text that is spoken.", max_length=4000)] = None
    language: Annotated[
        str | None, Field(description="Language of the voice; the company's, when absent.", pattern="^(nl|en)$")
    ] = None
    voice: Annotated[
        str | None,
        Field(description="Name of the voice; the language's own, when absent.", pattern="^[A-Za-z0-9_+-]{1,40}$"),
    ] = None
    file: Annotated[
        str | None,
        Field(description="Name of a sound file of the company.", pattern=SOUND_FILE),
    ] = None

    @model_validator(mode="after")
    def _one_sound(self) -> Self:
        if (self.say is None) == (self.file is None):
            raise refuse("missing-field", 'give either "say" (spoken text) or "file" (a sound file)')
        return self

    def __str__(self) -> str:
        return f"say: {self.say}" if self.say is not None else f"file: {self.file}"
