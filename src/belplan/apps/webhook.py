"""Webhook: ask the customer's own server, and keep what it says."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from belplan.dialplan.fields import CALL_DATA, Prompt, Text, Variable, placeholders, refuse
from belplan.dialplan.route import Reading, Route
from belplan.dialplan.urls import check_url
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.fault import point
from belplan.engine.listening import hearing, play_through
from belplan.engine.secrets import Secrets
from belplan.webhook import (
    MAX_VARIABLE,
    Answer,
    ContentError,
    Request,
    Sender,
    check_header,
    check_pointer,
    check_secret,
    extract,
)
from belplan.webhook.cache import AnswerCache
from belplan.webhook.options import Auth, Find, MissingSecretError, Send, Waiting, check_send, revealed, told


def _url(url: str) -> str:
    if wrong := check_url(url):
        raise refuse("invalid-url", wrong)
    return url


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if wrong := check_header(name, value):
            raise refuse("invalid-value", wrong)
    return headers


def _pointers(pointers: dict[str, str]) -> dict[str, str]:
    for pointer in pointers.values():
        if wrong := check_pointer(pointer):
            raise refuse("invalid-value", wrong)
    return pointers


def _secrets(secrets: tuple[str, ...]) -> tuple[str, ...]:
    for secret in secrets:
        if not secret.startswith("secret:") and (wrong := check_secret(secret)):
            raise refuse("invalid-value", wrong)
    return secrets


def _fields(send: Send | None) -> Send | None:
    if send is not None and (wrong := check_send(send)):
        raise refuse("invalid-value", wrong)
    return send


DEBUG_MOST = 2000  # characters of an answer in a trace, where the company asked for it

Url = Annotated[Text, AfterValidator(_url)]
SigningSecrets = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    AfterValidator(_secrets),
]


class Webhook(App):
    """Send the call's data to your own server, and keep its answer in a variable for conditions below.

    The caller hears ringing meanwhile; the call is not answered for it. No answer in time, or one
    that does not count (only 2xx does), leaves the variable unset, and the call goes on below.
    """

    app_name = "webhook"
    exits = ("ok", "error", "timeout")
    branches = {"ok": "on_ok", "error": "on_error", "timeout": "on_timeout"}
    example = {"method": "POST", "url": "https://crm.example.nl/belplan", "timeout": 2, "save_as": "klant"}
    personal = False

    method: Annotated[
        Literal["GET", "POST"], Field(description="POST sends the twelve fields of the call; GET sends none.")
    ]
    url: Annotated[Url, Field(description="Where to ask: http or https, with or without a query.")]
    timeout: Annotated[float, Field(description="Seconds that the whole exchange may take.", ge=1, le=10)] = 2
    save_as: Annotated[Variable | None, Field(description="Name of the variable that keeps the answer.")] = None
    extract: Annotated[
        Annotated[dict[Variable, Text], AfterValidator(_pointers)],
        Field(description="More variables, out of a JSON answer: name to JSON pointer (RFC 6901)."),
    ] = {}
    on_ok: Annotated[Route, Field(description="Walked when the answer counts.")] = Route()
    on_error: Annotated[Route, Field(description="Walked when the server fails.")] = Route()
    on_timeout: Annotated[Route, Field(description="Walked when it says nothing in time.")] = Route()
    headers: Annotated[
        Annotated[dict[str, Text], AfterValidator(_headers)], Field(description="Extra headers of the request.")
    ] = {}
    auth: Annotated[Auth | None, Field(description="How your server knows us: basic, bearer or a header.")] = None
    secret: Annotated[
        SigningSecrets, Field(description="Signs the request (Standard Webhooks); a list while one replaces another.")
    ] = ()
    retries: Annotated[
        int, Field(description="Tries more, within the timeout, when one could not get through.", ge=0, le=3)
    ] = 0
    fallback_url: Annotated[
        Url | None, Field(description="Asked within the same timeout when the first server fails.")
    ] = None
    waiting: Annotated[
        Waiting | None, Field(description="What the caller hears meanwhile, in the place of ringing.")
    ] = None
    cache: Annotated[
        float, Field(description="Seconds that an answer is kept for the same caller.", ge=0, le=86400)
    ] = 0
    send: Annotated[
        Annotated[Send | None, AfterValidator(_fields)],
        Field(description="Which of the twelve fields leave the house: a list, or each whole, masked or hashed."),
    ] = None
    early: Annotated[
        bool,
        Field(description="Ask when the call enters the plan, beside what is played above; collect the answer here."),
    ] = False

    @model_validator(mode="after")
    def _known_early(self) -> Self:
        if self.early and any(reading.variable not in CALL_DATA for reading in self._asks_with()):
            raise refuse(
                "invalid-value", "early: what is asked must be known when the call arrives: call data, no variables"
            )
        return self

    @property
    def starts_early(self) -> bool:
        return self.early

    def sets(self) -> tuple[tuple[str, str], ...]:
        own = ((self.save_as, "save_as"),) if self.save_as else ()
        return (*own, *((name, f"extract.{name}") for name in self.extract))

    def reads(self) -> tuple[Reading, ...]:
        spoken = placeholders(self.waiting.say or "") if self.waiting else []
        return (*self._asks_with(), *(Reading(name, "waiting.say") for name in spoken))

    def start_early(self, call: Call, path: str) -> None:
        call.early[path] = asyncio.create_task(self._ask_timed(call, path, call.count_webhook()))

    async def run(self, call: Call) -> str:
        for name, _ in self.sets():
            call.variables.clear(name)
        early = call.early.pop(call.path, None)
        number = 0 if early else call.count_webhook()
        began = call.clock.monotonic()
        async with self._sounding(call):
            answer, took = await (early or self._ask_timed(call, call.path, number))
        if early:
            call.detail["saved_ms"] = round((took - (call.clock.monotonic() - began)) * 1000, 1)
        answer = self._keep(call, answer)
        call.detail |= self._explained(answer)
        if call.company.debugs(call.clock.now()):
            call.detail["received"] = answer.text[:DEBUG_MOST]
        return answer.outcome

    async def _ask_timed(self, call: Call, path: str, number: int) -> tuple[Answer, float]:
        """The answer, and the seconds it took."""
        began = call.clock.monotonic()
        return await self._ask(call, path, number), call.clock.monotonic() - began

    async def _ask(self, call: Call, path: str, number: int) -> Answer:
        """The exchange itself, or its answer of a while ago."""
        url = call.fill(self.url, _percent_encoded)
        key = (call.company.id, path, url, call.caller_number, call.callee_number)
        kept = call.use(AnswerCache) if self.cache and call.caller_number else None
        now = call.clock.monotonic()
        if kept and (answer := kept.get(key, now)):
            return replace(answer, phases={}, attempts=0)
        try:
            request = self._request(call, path, url, number)
        except MissingSecretError as missing:
            return Answer("error", reason="blocked", detail=str(missing))
        if request.body and call.company.debugs(call.clock.now()):
            call.detail["sent"] = request.body.decode()
        point("webhook.asked")
        answer = await call.use(Sender).send(request)
        point("webhook.answered")
        if kept and answer.outcome == "ok":
            kept.put(key, answer, now + self.cache)
        return answer

    def _request(self, call: Call, path: str, url: str, number: int) -> Request:
        find = partial(call.use(Secrets).find, call.company.id)
        secrets = tuple(revealed(secret, find) for secret in self.secret)
        fields = told(call.call_data(), self.send, secrets[0] if secrets else call.company.id)
        return Request(
            company=call.company.id,
            method=self.method,
            url=url,
            timeout=self.timeout,
            body=json.dumps(fields, ensure_ascii=False).encode() if self.method == "POST" else None,
            headers=self._own_headers(call, find),
            # The same step of the same call has the same id, also when it is done again after a crash.
            webhook_id=f"msg_{call.id}_{number}",
            secrets=secrets,
            retries=self.retries,
            fallback_url=call.fill(self.fallback_url, _percent_encoded) if self.fallback_url else None,
            path=path,
            variable=self.save_as or "",
        )

    def _own_headers(self, call: Call, find: Find) -> tuple[tuple[str, str], ...]:
        headers = [(name, call.fill(revealed(value, find))) for name, value in self.headers.items()]
        if auth := self.auth:
            if auth.basic:
                pair = f"{auth.basic.username}:{revealed(auth.basic.password, find)}"
                headers.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
            elif auth.bearer:
                headers.append(("Authorization", f"Bearer {revealed(auth.bearer, find)}"))
            elif auth.header:
                headers.append((auth.header.name, revealed(auth.header.value, find)))
        return tuple(headers)

    def _keep(self, call: Call, answer: Answer) -> Answer:
        """Set the variables. An answer that is not the JSON that was asked for is an error."""
        values: dict[str, str] = {}
        if answer.outcome == "ok":
            try:
                values = extract(answer.text, answer.content_type, self.extract) if self.extract else {}
            except ContentError as error:
                answer = replace(answer, outcome="error", reason="content", detail=str(error))
            else:
                values |= {self.save_as: _cut(answer.text)} if self.save_as else {}
        for name, value in values.items():
            call.variables.set(name, value)
        for name, _ in self.sets():
            call.variables.set(f"{name}.status", str(answer.status or ""))
            call.variables.set(f"{name}.reason", "" if answer.outcome == "ok" else answer.reason or answer.outcome)
            call.variables.set(f"{name}.ms", str(round(answer.phases.get("total", 0.0))))
        return answer

    def _explained(self, answer: Answer) -> dict[str, object]:
        """What the trace tells of an exchange: never bodies or secrets."""
        facts: dict[str, object] = {
            "variable": self.save_as,
            "status": answer.status,
            "reason": answer.reason if answer.outcome == "error" else None,
            "detail": answer.detail,
            "bytes": answer.bytes_received,
            "attempts": answer.attempts if answer.attempts > 1 else None,
            "fallback": answer.fallback,
            "cached": answer.attempts == 0,
            "phases": {phase: round(ms, 1) for phase, ms in answer.phases.items()},
        }
        return {name: value for name, value in facts.items() if value}

    def _asks_with(self) -> tuple[Reading, ...]:
        texts = [("url", self.url), ("fallback_url", self.fallback_url or "")]
        texts += [(f"headers.{name}", value) for name, value in self.headers.items()]
        return tuple(Reading(name, setting) for setting, text in texts for name in placeholders(text))

    @asynccontextmanager
    async def _sounding(self, call: Call) -> AsyncGenerator[None]:
        """What the caller hears meanwhile; it ends with the block."""
        async with hearing(call, "waiting"):
            if self.waiting is None:
                yield
                return
            sound = asyncio.create_task(self._sound(call, self.waiting))
            try:
                yield
            finally:
                sound.cancel()
                await asyncio.gather(sound, return_exceptions=True)

    async def _sound(self, call: Call, waiting: Waiting) -> None:
        await asyncio.sleep(waiting.after)
        if waiting.tone:
            async with call.caller.playing(waiting.tone):
                await call.caller.ended()
        else:
            said = call.fill(waiting.say) if waiting.say is not None else None
            language = call.company.settings.language
            await play_through(call, Prompt.model_construct(say=said, file=waiting.file, language=language, voice=None))


def _percent_encoded(value: str) -> str:
    return quote(value, safe="")


def _cut(text: str) -> str:
    """As much of it as a variable holds, in whole characters."""
    encoded = text.encode()
    return text if len(encoded) <= MAX_VARIABLE else encoded[:MAX_VARIABLE].decode(errors="ignore")
