"""What a receiver must do, one check each: what was seen, and what to do about it.

A check asks as the exchange would, and judges by what comes back. It says `skip` where it does not apply.
"""

import asyncio
import codecs
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from email.message import Message
from time import perf_counter
from typing import Literal

from belplan.rehearsal.exchange import NOBODY, Exchange, sample
from belplan.signing import new_id
from belplan.webhook import MAX_VARIABLE, Answer

Grade = Literal["pass", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check. `advice` is for the author of the receiver."""

    grade: Grade
    seen: str
    advice: str = ""


Check = Callable[[Exchange], Awaitable[Finding]]

REPEATS = 20  # requests whose time is measured, and requests at once

_WHY = {
    "refused": "Nothing listens at that address and port. Is the receiver running?",
    "dns": "The name has no address.",
    "tls": "The certificate must be one that the exchange's system trusts, for this name.",
    "redirect": "Redirects are not followed. Write the final URL in the plan: mind https, www and a slash at the end.",
    "encoding": "The exchange asks for Accept-Encoding: identity. Do not compress.",
    "truncated": "Less came than Content-Length promises. Count bytes, not letters.",
    "protocol": "What came is not HTTP/1.1 that can be read in one way only. Leave Content-Length to your framework.",
    "reset": "The receiver broke the connection off. Its log may say why.",
    "too_large": "An answer is at most 64 KiB, with 16 KiB of headers. Answer with one word.",
    "unreachable": "There is no way to that address.",
}


def said(answer: Answer) -> str:
    """An answer in a few words, for people."""
    if answer.outcome == "timeout":
        return f"no answer within {answer.phases.get('total', 0) / 1000:.1f} s"
    words = answer.detail or (f"status {answer.status}" if answer.status else "")
    return f"{answer.reason}: {words}" if answer.reason else f"{answer.status} “{_short(answer.text)}”"


def why(answer: Answer) -> str:
    """What to do about an answer that does not count."""
    if answer.outcome == "timeout":
        return "Answer at once: look things up in what you keep at hand, and do slow work after the answer."
    if answer.reason == "status":
        if answer.status in (401, 403):
            return "The receiver refuses the exchange. Does it know the same secret? Give it here with --secret."
        if answer.status in (404, 405):
            return "Is this the right path, and does it take this method?"
        return "Only 2xx sets the variable. The receiver's log should say what went wrong."
    return _WHY.get(answer.reason or "", "")


async def answers(exchange: Exchange) -> Finding:
    """A call is answered with 2xx."""
    answer = await exchange.ask()
    return _counts(answer)


async def in_time(exchange: Exchange) -> Finding:
    """The answer comes well within the timeout."""
    took: list[float] = []
    timeout = exchange.target.timeout * 1000
    for _ in range(REPEATS):
        answer = await exchange.ask()
        took.append(answer.phases.get("total", timeout))
        if answer.outcome == "timeout" or sum(took) > timeout * 4:
            break
    took.sort()
    slow = took[min(len(took) - 1, int(len(took) * 0.95))]
    seen = f"{len(took)} calls: half within {took[len(took) // 2]:.0f} ms, nearly all within {slow:.0f} ms"
    if slow >= timeout:
        return Finding("fail", seen, why(Answer("timeout")))
    if slow > timeout / 2:
        advice = f"More than half of the {timeout:.0f} ms is gone: a busy day will break it. {why(Answer('timeout'))}"
        return Finding("warn", seen, advice)
    return Finding("pass", seen)


async def small(exchange: Exchange) -> Finding:
    """The answer fits into a variable."""
    answer = await exchange.ask()
    if answer.bytes_received > MAX_VARIABLE:
        seen = f"{answer.bytes_received} bytes"
        return Finding("fail", seen, f"A variable keeps {MAX_VARIABLE} bytes. Answer with a word, or a few of JSON.")
    return Finding("pass", f"{answer.bytes_received} bytes")


async def readable(exchange: Exchange) -> Finding:
    """The bytes are what the charset says."""
    charset = ""
    for caller in exchange.target.callers:
        answer = await exchange.ask(sample(caller))
        charset = _charset(answer.content_type)
        if charset:
            try:
                codecs.lookup(charset)
            except LookupError:
                return Finding("fail", f"charset={charset}", "There is no such charset. Say utf-8.")
        if "\ufffd" in answer.text:
            seen = f"“{_short(answer.text)}” is not {charset or 'UTF-8'}"
            return Finding("fail", seen, "Encode the answer as UTF-8, or say in Content-Type what it is encoded as.")
        if answer.text.startswith("\ufeff"):
            seen = "it begins with a byte order mark"
            return Finding("fail", seen, "Leave it away: “equals” would never hold.")
    return Finding("pass", charset or "UTF-8")


async def a_word(exchange: Exchange) -> Finding:
    """The answer is a value, and not a page."""
    answer = await exchange.ask()
    if "html" in answer.content_type.lower() or answer.text[:1] == "<":
        seen = f"{answer.content_type or 'no content type'}: “{_short(answer.text)}”"
        advice = (
            "This is a page for people, perhaps a login or an error with status 200. Answer with a word as text/plain."
        )
        return Finding("fail", seen, advice)
    if answer.text[:1] == '"' and answer.text[-1:] == '"':
        advice = "The quotes are part of the value, so “equals openstaand” will not hold. Send the text itself."
        return Finding("fail", _short(answer.text), advice)
    return Finding("pass", f"“{_short(answer.text)}”")


async def a_stranger(exchange: Exchange) -> Finding:
    """A caller whom nobody knows is answered too."""
    answer = await exchange.ask(sample(NOBODY))
    advice = "Nothing known is an answer: 200 and an empty body. Any other status counts as a failure of your server."
    return _counts(answer, advice)


async def withheld(exchange: Exchange) -> Finding:
    """A caller who withholds the number is answered too."""
    answer = await exchange.ask(sample(""))
    return _counts(answer, 'caller_number is "" then. Answer 200, with nothing or a word for it.')


async def an_account(exchange: Exchange) -> Finding:
    """A call from the company's own phone is answered too."""
    answer = await exchange.ask(sample("anna.de-boer"))
    return _counts(answer, "caller_number is the phone's SIP account then: do not expect digits only.")


async def letters(exchange: Exchange) -> Finding:
    """Any name in the phone book is taken."""
    names = (
        "Zoë Ångström-Øæ",
        "陳大文 🎉",
        'O\'Brien "& Co" <b>',
        "'); DROP TABLE calls; --",
        "x" * 300,
        "a\tb\\c{d}%s",
    )
    for name in names:
        answer = await exchange.ask(sample(exchange.target.callers[0], phonebook_caller_name=name))
        if answer.outcome != "ok":
            advice = "Names hold any letters and signs: use your database's parameters, UTF-8, and fields wide enough."
            return Finding("fail", f"the name “{_short(name)}”: {said(answer)}", advice)
    return Finding("pass", f"{len(names)} names")


async def additions(exchange: Exchange) -> Finding:
    """A field that is new, and another order, do no harm."""
    if exchange.target.method != "POST":
        return _only_post()
    fields = asdict(sample(exchange.target.callers[0]))
    turned = dict(reversed(fields.items())) | {"a_later_field": {"more": [1, 2]}}
    answer = await exchange.ask(body=json.dumps(turned).encode())
    return _counts(answer, "Read the fields that you need, by name, and leave the others alone: more may be added.")


async def same_again(exchange: Exchange) -> Finding:
    """A repeat of the same step, with the same webhook-id, gets the same answer."""
    call, webhook_id = sample(exchange.target.callers[0]), new_id()
    first = await exchange.ask(call, webhook_id=webhook_id)
    second = await exchange.ask(call, webhook_id=webhook_id)
    if (first.status, first.text) != (second.status, second.text):
        seen = f"{said(first)}, then {said(second)}"
        advice = "It is the same step of the same call, tried again. Keep the answer by webhook-id for five minutes."
        return Finding("fail", seen, advice)
    return Finding("pass", "seen from outside; whether it did anything twice does not show here")


async def calls_again(exchange: Exchange) -> Finding:
    """The same caller may call again at once."""
    for _ in range(3):
        answer = await exchange.ask()
        if answer.outcome != "ok":
            return _counts(answer, "The same number calls a second time: that is another call, to be answered as well.")
    return Finding("pass", "three calls in a row")


async def together(exchange: Exchange) -> Finding:
    """Many calls at once each get their own answer, in time."""
    callers = [*exchange.target.callers, NOBODY]
    alone = {caller: (await exchange.ask(sample(caller))).text for caller in callers}
    steady = {caller: (await exchange.ask(sample(caller))).text for caller in callers} == alone
    order = [callers[turn % len(callers)] for turn in range(REPEATS)]
    began = perf_counter()
    several = await asyncio.gather(*(exchange.ask(sample(caller)) for caller in order))
    seen = f"{REPEATS} calls at once in {(perf_counter() - began) * 1000:.0f} ms"
    for caller, answer in zip(order, several, strict=True):
        if answer.outcome != "ok":
            advice = "One call must not wait for another: serve with several threads or workers, or asynchronously."
            return Finding("fail", f"{seen}: {said(answer)}", advice)
        if steady and answer.text != alone[caller]:
            seen = f"{caller} got “{_short(answer.text)}”, which is another caller's; alone “{_short(alone[caller])}”"
            return Finding("fail", seen, "Keep what belongs to one request in that request, not in a shared variable.")
    return Finding("pass", seen)


async def hung_up(exchange: Exchange) -> Finding:
    """Callers who hang up while it thinks leave it unharmed."""
    for _ in range(5):
        await exchange.hang_up()
    answer = await exchange.ask()
    return _counts(answer, "Five connections were broken off, as when callers hang up; after that it answered no more.")


async def in_pieces(exchange: Exchange) -> Finding:
    """A request that arrives in pieces is read to its end."""
    status = await exchange.ask_raw(cut=100)
    if status is not None and 200 <= status < 300:
        return Finding("pass", f"status {status}")
    advice = "Read until Content-Length bytes have come; one read gives what is there by then, which may be half."
    return Finding("fail", _status(status), advice)


async def nonsense(exchange: Exchange) -> Finding:
    """What is not a call is refused, and does not break anything."""
    if exchange.target.method != "POST":
        return _only_post()
    for body in (b"{", b"[]", b"\xff\xfe", b""):
        answer = await exchange.ask(body=body)
        if answer.outcome == "ok":
            return Finding("warn", f"“{body!r}” got {said(answer)}", "Refuse with 400 what is not the JSON of a call.")
        if answer.status is None or answer.status >= 500:
            advice = "Refuse with 400 what is not the JSON of a call; a crash here is a crash that anybody can cause."
            return Finding("fail", f"“{body!r}” got {said(answer)}", advice)
    after = await exchange.ask()
    return _counts(after, "After a body that is no JSON it answers no more.")


async def believes_only_us(exchange: Exchange) -> Finding:
    """A request that the secret did not sign is refused."""
    if not exchange.target.secrets:
        return Finding("skip", "no --secret was given", "Without a signature anybody who finds the URL may ask.")
    attempts: dict[str, int | None] = {
        "unsigned": (await exchange.ask(signed=False)).status,
        "signed with another secret": (await exchange.ask(secrets=("another secret, 24 bytes",))).status,
    }
    if exchange.target.method == "POST":
        change = (b'"dp_in_number": "1003"', b'"dp_in_number": "1004"')
        attempts["changed after signing"] = await exchange.ask_raw(change=change)
    for how, status in attempts.items():
        if status is not None and status < 400:
            return Finding(
                "fail", f"{how}: {_status(status)}", "Verify webhook-signature, over the body byte for byte."
            )
        if status is None or status >= 500:
            return Finding("warn", f"{how}: {_status(status)}", "Refuse with 401, rather than by a crash.")
    return Finding("pass", ", ".join(f"{how}: {status}" for how, status in attempts.items()))


async def believes_nothing_old(exchange: Exchange) -> Finding:
    """A request that was signed ten minutes ago is refused."""
    if not exchange.target.secrets:
        return Finding("skip", "no --secret was given")
    answer = await exchange.ask_late(600)
    if answer.outcome == "ok":
        advice = (
            "Whoever once saw a request can play it again. Refuse a webhook-timestamp of more than five minutes ago."
        )
        return Finding("fail", said(answer), advice)
    return Finding("pass", said(answer))


async def secret_in_change(exchange: Exchange) -> Finding:
    """While the secret is changed there are two signatures, and one that is right is enough."""
    if not exchange.target.secrets:
        return Finding("skip", "no --secret was given")
    answer = await exchange.ask(secrets=("the new secret, of 24 bytes", *exchange.target.secrets))
    return _counts(
        answer, "webhook-signature holds several, between spaces: take the request when one of them is right."
    )


CHECKS: dict[str, Check] = {
    "answers": answers,
    "time": in_time,
    "size": small,
    "charset": readable,
    "content": a_word,
    "stranger": a_stranger,
    "withheld": withheld,
    "account": an_account,
    "letters": letters,
    "additions": additions,
    "idempotency": same_again,
    "repeats": calls_again,
    "together": together,
    "hang-up": hung_up,
    "pieces": in_pieces,
    "nonsense": nonsense,
    "signature": believes_only_us,
    "replay": believes_nothing_old,
    "rotation": secret_in_change,
}


def _counts(answer: Answer, advice: str = "") -> Finding:
    if answer.outcome == "ok":
        return Finding("pass", said(answer))
    return Finding("fail", said(answer), advice or why(answer))


def _only_post() -> Finding:
    return Finding("skip", "a GET brings no body")


def _status(status: int | None) -> str:
    return "no answer" if status is None else f"status {status}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _charset(content_type: str) -> str:
    head = Message()
    head["Content-Type"] = content_type
    return head.get_content_charset("")
