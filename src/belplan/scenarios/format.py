"""A scenario: one call with everything around it, and what is to come of it. As data, without I/O."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from belplan.dialplan.fields import Name, Settings, Text, refuse
from belplan.drivers.simulator import Press, Reaction, Reply
from belplan.scenarios.expect import Expectation
from belplan.scenarios.values import Keys, Seconds, several, short_for
from belplan.webhook.exchange import Answer, Reason

SUCCESS = range(200, 300)


class CallFields(Settings):
    """Who calls which number, and when."""

    caller: Annotated[
        Text | None, Field(alias="from", description='Number of the caller, in any notation; "" is withheld.')
    ] = None
    to: Annotated[Text | None, Field(description="Number that is called: external or internal, in any notation.")] = (
        None
    )
    at: Annotated[
        datetime | None, Field(description="Date and time; in the company's time zone unless it names another.")
    ] = None


class ReplyFields(Settings):
    """What a webhook's server says. A text alone is short for an answer with status 200."""

    text: Annotated[Text | None, Field(description="Body of the answer.")] = None
    json_body: Annotated[Any, Field(alias="json", description="The same as JSON: written as YAML, sent as JSON.")] = (
        None
    )
    status: Annotated[int, Field(description="HTTP status; only 2xx counts as an answer.", ge=100, le=599)] = 200
    delay: Annotated[Seconds, Field(description="Seconds until it comes; from the timeout on, it comes too late.")] = 0
    fault: Annotated[
        Literal["timeout"] | Reason | None,
        Field(description="What goes wrong instead: timeout (silence), or a reason as the trace has it."),
    ] = None

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        given = self.model_fields_set & {"text", "json_body", "fault"}
        if len(given) > 1:
            raise refuse("invalid-value", "give one of text, json and fault")
        return self

    def reply(self) -> Reply:
        """The same for the simulator."""
        if self.fault == "timeout":
            return Reply(Answer("timeout"), float("inf"))
        status = self.status if "status" in self.model_fields_set or not self.fault else None
        if self.fault or self.status not in SUCCESS:
            return Reply(Answer("error", reason=self.fault or "status", status=status), self.delay)
        if "json_body" in self.model_fields_set:
            body = json.dumps(self.json_body, ensure_ascii=False)
            return Reply(Answer("ok", body, status=status, content_type="application/json"), self.delay)
        return Reply(Answer("ok", (self.text or "").strip(), status=status), self.delay)


class PressFields(Settings):
    """Keys that the caller presses. Without a moment they wait until the plan asks for one."""

    press: Annotated[Keys, Field(description='The keys; "" lets the plan wait in vain once.')]
    after: Annotated[
        Seconds | None, Field(description="Seconds after the call's arrival, or after the sound began.")
    ] = None
    during: Annotated[
        Text | None, Field(description="Pressed while a sound is heard that has this text in it.", min_length=1)
    ] = None

    @property
    def timed(self) -> bool:
        return self.after is not None or self.during is not None


class PhoneFields(Settings):
    """What a phone does when it rings. A word alone is short for `does`."""

    does: Annotated[
        Literal["answer", "busy", "no_answer", "reject", "failed"],
        Field(description="answer, busy, no_answer, reject, or failed (not reachable)."),
    ] = "answer"
    after: Annotated[Seconds, Field(description="Seconds until it answers or rejects.")] = 2.0
    talks: Annotated[Seconds, Field(description="Seconds until it hangs up after an answer.")] = 60.0
    keys: Annotated[
        tuple[Keys, ...], BeforeValidator(several), Field(description="Keys it presses, each when it is waited for.")
    ] = ()

    transfers: Annotated[Text, Field(description="Number to which it transfers the caller after that time.")] = ""

    def reaction(self) -> Reaction:
        """The same for the simulator."""
        keys = tuple(key for keys in self.keys for key in keys or ("",))
        return Reaction(self.does, self.after, self.talks, keys, self.transfers)


Replies = Annotated[
    tuple[Annotated[ReplyFields, short_for("text")], ...], BeforeValidator(several), Field(min_length=1)
]
Reactions = Annotated[
    tuple[Annotated[PhoneFields, short_for("does")], ...], BeforeValidator(several), Field(min_length=1)
]
Presses = Annotated[tuple[Annotated[PressFields, short_for("press")], ...], BeforeValidator(several)]


class Script(Settings):
    """A scenario's fields but for its name. At the top of a file they hold for every scenario in it."""

    call: CallFields = CallFields()
    webhooks: Annotated[
        Annotated[Literal["real"], Tag("real")] | Annotated[dict[str, Replies], Tag("answers")],
        Discriminator(lambda value: "real" if isinstance(value, str) else "answers"),
        Field(description="Answers by variable or path; several are given in turn. real: they are really sent."),
    ] = {}
    keys: Presses = ()
    hang_up_after: Annotated[
        Seconds | None, Field(description="Seconds after the call's arrival at which the caller hangs up.")
    ] = None
    speaks: Annotated[
        tuple[Seconds, ...],
        BeforeValidator(several),
        Field(description="Seconds that the caller says something for, each time they are recorded; 10 if not said."),
    ] = ()
    phones: Annotated[
        dict[str, Reactions],
        Field(description="What phones do, by number or SIP account; several in turn. Others answer."),
    ] = {}
    state: Annotated[
        dict[str, Any], Field(description="What the company remembers when the call arrives, such as switches.")
    ] = {}
    expect: Expectation = Expectation()

    def replies(self) -> dict[str, tuple[Reply, ...]]:
        """The answers of webhooks, for the simulator."""
        if isinstance(self.webhooks, str):
            return {}
        return {name: tuple(reply.reply() for reply in replies) for name, replies in self.webhooks.items()}

    def reactions(self) -> dict[str, tuple[Reaction, ...]]:
        """What phones do, for the simulator."""
        return {number: tuple(phone.reaction() for phone in phones) for number, phones in self.phones.items()}

    def keys_in_turn(self) -> tuple[str, ...]:
        """The keys that wait for the plan to ask."""
        return tuple(key for press in self.keys if not press.timed for key in press.press or ("",))

    def presses(self) -> tuple[Press, ...]:
        """The keys that have a moment of their own."""
        return tuple(Press(press.press, press.after or 0.0, press.during or "") for press in self.keys if press.timed)

    def over(self, below: "Script") -> Self:
        """These fields, and where they say nothing those of `below`. Mappings are joined by name."""
        own = {name: getattr(self, name) for name in self.model_fields_set}
        joined: dict[str, Any] = {
            name: getattr(below, name) for name in below.model_fields_set & type(self).model_fields.keys()
        }
        for name, value in own.items():
            other = joined.get(name)
            if isinstance(value, dict) and isinstance(other, dict):
                value = {**cast("dict[str, Any]", other), **cast("dict[str, Any]", value)}
            elif isinstance(value, Settings) and isinstance(other, Settings):
                update = {field: getattr(value, field) for field in value.model_fields_set}
                value = other.model_copy(update=update)
            joined[name] = value
        return self.model_copy(update=joined)


class Scenario(Script):
    """One call: who calls, what they and everybody around do, and what is to come of it."""

    name: Name


class ScenarioFile(Script):
    """A file with several scenarios. What stands beside `scenarios` holds for all of them."""

    plan: Annotated[str | None, Field(description="The plan file, from this one's folder.", min_length=1)] = None
    scenarios: Annotated[tuple[Any, ...], Field(min_length=1)] = ()


class LoneScenario(Scenario):
    """A file that is one scenario."""

    plan: Annotated[str | None, Field(description="The plan file, from this one's folder.", min_length=1)] = None
