"""What a scenario expects of its call."""

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field

from belplan.dialplan.fields import Settings, Text
from belplan.scenarios.values import Seconds, Sound, Step, short_for


def _as_written(value: Any) -> Any:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"exactly": value}


class Steps(Settings):
    """Steps of the call. A list alone is the whole way."""

    exactly: Annotated[tuple[Step, ...] | None, Field(description="All steps, in order.")] = None
    includes: Annotated[tuple[Step, ...], Field(description="These among them, in this order.")] = ()
    never: Annotated[tuple[Step, ...], Field(description="None of these.")] = ()


class Sounds(Settings):
    """What the caller hears. A list alone is everything, in order."""

    exactly: Annotated[tuple[Sound, ...] | None, Field(description="Everything, in order.")] = None
    includes: Annotated[tuple[Sound, ...], Field(description="Sounds with these texts in them, in this order.")] = ()
    never: Annotated[tuple[Sound, ...], Field(description="No sound with any of these texts in it.")] = ()


class Numbers(Settings):
    """Numbers whose phones ring. A list alone is all of them, in order."""

    exactly: Annotated[tuple[Text, ...] | None, Field(description="All of them, in order.")] = None
    includes: Annotated[tuple[Text, ...], Field(description="These among them, in this order.")] = ()
    never: Annotated[tuple[Text, ...], Field(description="None of these.")] = ()


class Within(Settings):
    """Most seconds from the call's arrival."""

    ring: Annotated[Seconds | None, Field(description="Until the first phone rings.")] = None
    answer: Annotated[Seconds | None, Field(description="Until somebody answers.")] = None
    all: Annotated[Seconds | None, Field(description="Until the call is over.")] = None


class Sent(Settings):
    """Requests of one webhook. A number alone is how many."""

    count: Annotated[int | None, Field(description="How many were sent.", ge=0)] = None
    method: Literal["GET", "POST"] | None = None
    url: Annotated[str | None, Field(description="Where the last one went, placeholders filled in.")] = None
    fields: Annotated[dict[str, Text], Field(description="Fields of the last one's JSON.")] = {}


class Messages(Settings):
    """What is in a voicemail box. A number alone is how many messages."""

    count: Annotated[int | None, Field(description="How many there are.", ge=0)] = None
    new: Annotated[int | None, Field(description="How many of them nobody has heard.", ge=0)] = None
    seconds: Annotated[tuple[Seconds, ...] | None, Field(description="How long they are, the oldest first.")] = None


class Shows(Settings):
    """What a phone shows when it rings. A text alone is the name."""

    name: Text | None = None
    number: Text | None = None


class Expectation(Settings):
    """What is to come of the call. What is not named may be anything."""

    outcome: Annotated[
        Literal["connected", "voicemail", "queued", "ended", "abandoned"] | None,
        Field(description="How it ends; ended is by the plan, abandoned by the caller."),
    ] = None
    connected_to: Annotated[Text | None, Field(description="The destination as the plan names it; null is nobody.")] = (
        None
    )
    answered_by: Annotated[Text | None, Field(description="Who answers: a user or an outside number.")] = None
    cause: Annotated[int | None, Field(description="Q.850 cause: 16 normal, 17 busy …")] = None
    trace: Annotated[Steps, BeforeValidator(_as_written), Field(description="Apps or paths with their exits.")] = (
        Steps()
    )
    heard: Annotated[Sounds, BeforeValidator(_as_written)] = Sounds()
    rings: Annotated[Numbers, BeforeValidator(_as_written)] = Numbers()
    mails: Annotated[
        Sounds, BeforeValidator(_as_written), Field(description="Mails sent: recipients, subject and text of each.")
    ] = Sounds()
    shows: Annotated[
        dict[str, Annotated[Shows, short_for("name")]], Field(description="What phones show, by number.")
    ] = {}
    variables: Annotated[
        dict[str, Text | None], Field(description="Variables and their last values; null is never set.")
    ] = {}
    webhooks: Annotated[
        dict[str, Annotated[Sent, short_for("count")]], Field(description="Requests sent, by variable or path.")
    ] = {}
    messages: Annotated[
        dict[str, Annotated[Messages, short_for("count")]],
        Field(description="What is in voicemail boxes afterwards, by their number."),
    ] = {}
    within: Within = Within()
    silence: Annotated[Seconds | None, Field(description="Most seconds without a sound for the caller.")] = None
