"""Webhook: ask the customer's own server, and keep what it says."""

import json
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field, field_validator

from belplan.dialplan.fields import Text, Variable, placeholders, refuse
from belplan.dialplan.route import Reading
from belplan.dialplan.urls import check_url
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import hearing
from belplan.webhook.exchange import Answer, Request, Sender


class Webhook(App):
    """Send the call's data to your own server, and keep its answer in a variable for conditions below.

    The caller hears ringing meanwhile; the call is not answered for it. No answer in time, or one
    that does not count (only 2xx does), leaves the variable unset, and the call goes on below.
    """

    app_name = "webhook"
    exits = ("ok", "error", "timeout")
    example = {"method": "POST", "url": "https://crm.example.nl/belplan", "timeout": 2, "save_as": "klant"}
    personal = False

    method: Annotated[
        Literal["GET", "POST"], Field(description="POST sends the twelve fields about the call; GET sends nothing.")
    ]
    url: Annotated[Text, Field(description="Where to ask: http or https, with or without a query.")]
    timeout: Annotated[float, Field(description="Seconds that the whole exchange may take.", ge=1, le=10)] = 2
    save_as: Annotated[Variable | None, Field(description="Name of the variable that keeps the answer.")] = None

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str) -> str:
        if wrong := check_url(url):
            raise refuse("invalid-url", wrong)
        return url

    def sets(self) -> tuple[tuple[str, str], ...]:
        return ((self.save_as, "save_as"),) if self.save_as else ()

    def reads(self) -> tuple[Reading, ...]:
        return tuple(Reading(name, "url") for name in placeholders(self.url))

    async def run(self, call: Call) -> str:
        call.count_webhook()
        if self.save_as:
            call.variables.clear(self.save_as)
            call.detail["variable"] = self.save_as
        async with hearing(call, "waiting"):
            answer = await self.ask(call)
        if self.save_as and answer.outcome == "ok":
            call.variables.set(self.save_as, answer.text)
        call.detail |= explained(answer)
        return answer.outcome

    async def ask(self, call: Call) -> Answer:
        """The exchange itself: the request as the manual has it, and what came back."""
        body = json.dumps(call.call_data(), ensure_ascii=False).encode() if self.method == "POST" else None
        request = Request(
            company=call.company.id,
            method=self.method,
            url=call.fill(self.url, lambda value: quote(value, safe="")),
            timeout=self.timeout,
            body=body,
        )
        return await call.use(Sender).send(request)


def explained(answer: Answer) -> dict[str, object]:
    """What the trace tells of an exchange: never bodies or secrets."""
    told: dict[str, object] = {"status": answer.status, "reason": answer.reason, "detail": answer.detail or None}
    told["phases"] = {phase: round(ms, 1) for phase, ms in answer.phases.items()}
    return {name: value for name, value in told.items() if value}
