"""A receiver takes what the exchange sends, refuses what it did not, and does nothing twice."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from belplan.dialplan.fields import CALL_DATA
from belplan.receiver import Call, NotACallError, Receiver, Reply, SignatureError, verify
from belplan.receiver.call import FIELDS
from belplan.receiver.model import CallModel
from belplan.signing import signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FIELD_VALUES = dict.fromkeys(FIELDS, "") | {
    "caller_number": "31612345678",
    "event_time": "1669908899250",
    "phonebook_caller_name": "Zoë 🎉",
}
BODY = json.dumps(FIELD_VALUES, ensure_ascii=False).encode()


def signed(method: str, target: str, body: bytes, *, secret: str = SECRET, age: float = 0, webhook_id: str = "msg_1"):
    stamp = int(time.time() - age)
    payload = f"GET {target}".encode() if method == "GET" else body
    return {
        "Webhook-Id": webhook_id,
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": signature((secret,), webhook_id, stamp, payload),
    }


def asked(
    receiver: Receiver, method: str = "POST", target: str = "/belplan", headers=None, body: bytes = BODY
) -> Reply:
    """Both ways of answering say the same; what they said."""
    if headers is None:
        headers = {"webhook-id": f"msg_{time.perf_counter_ns()}"}
    return receiver.answer_now(method, target, headers, body if method == "POST" else b"")


def word(call: Call) -> str:
    return "openstaand" if call.caller_number == "31612345678" else "betaald"


def answering(function: Callable[[Call], object], secret: str = "") -> Receiver:
    receiver = Receiver(secret) if secret else Receiver()
    receiver.on_call(function)
    return receiver


def test_importing_it_brings_nothing_but_python():
    code = (
        "import sys; before = set(sys.modules); import belplan.receiver\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["belplan"]


def test_the_twelve_fields_are_those_of_the_exchange():
    assert FIELDS == CALL_DATA
    assert tuple(CallModel.model_fields) == CALL_DATA
    call = Call.read(BODY)
    assert call == CallModel.model_validate_json(BODY).call()
    assert call.asked_at.isoformat() == "2022-12-01T15:34:59.250000+00:00"
    assert call.started_at is None
    assert not call.withheld


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "com_id is missing"),
        (json.dumps(FIELD_VALUES | {"uuid": 1}).encode(), "uuid is not a text"),
    ],
)
def test_what_is_no_call_is_refused_with_the_reason(body, why):
    with pytest.raises(NotACallError, match=why):
        Call.read(body)
    reply = asked(answering(word), body=body)
    assert reply.status == 400
    assert why in reply.text


@pytest.mark.parametrize(
    ("said", "text", "kind"),
    [
        ("openstaand", "openstaand", "text/plain; charset=utf-8"),
        (None, "", "text/plain; charset=utf-8"),
        (301, "301", "text/plain; charset=utf-8"),
        ({"status": "é"}, '{"status": "é"}', "application/json"),
    ],
)
def test_what_the_function_gives_is_what_goes_back(said, text, kind):
    reply = asked(answering(lambda _: said))
    assert (reply.status, reply.text, reply.content_type) == (200, text, kind)
    assert ("Content-Length", str(len(text.encode()))) in reply.headers


def test_a_function_that_waits_is_waited_for():
    async def slowly(call: Call) -> str:
        await asyncio.sleep(0)
        return word(call)

    receiver = answering(slowly)
    assert asked(receiver).text == "openstaand"
    assert asyncio.run(receiver.answer("POST", "/", {"webhook-id": "other"}, BODY)).text == "openstaand"


def test_a_function_that_fails_costs_a_status_and_is_asked_again():
    calls: list[Call] = []

    def fails_once(call: Call) -> str:
        calls.append(call)
        if len(calls) == 1:
            raise LookupError("secret of the database")
        return "betaald"

    receiver = answering(fails_once)
    first, second = (asked(receiver, headers={"webhook-id": "msg_1"}) for _ in range(2))
    assert (first.status, first.text) == (500, "")
    assert (second.status, second.text) == (200, "betaald")


def test_a_repeat_gets_the_same_answer_and_does_nothing():
    numbers = iter(range(10))
    receiver = answering(lambda _: next(numbers))
    assert [asked(receiver, headers={"webhook-id": one}).text for one in ("a", "a", "b", "a")] == ["0", "0", "1", "0"]
    assert asked(receiver, headers={}).text != asked(receiver, headers={}).text


def test_an_id_that_is_used_for_another_call_is_another_call():
    receiver = answering(word)
    other = json.dumps(FIELD_VALUES | {"caller_number": "31687654321"}).encode()
    assert asked(receiver, headers={"webhook-id": "a"}).text == "openstaand"
    assert asked(receiver, headers={"webhook-id": "a"}, body=other).text == "betaald"


def test_with_a_secret_only_the_exchange_is_answered():
    receiver = answering(word, SECRET)
    good = signed("POST", "/belplan", BODY)
    assert asked(receiver, headers=good).status == 200
    wrong = {
        "unsigned": {},
        "other secret": signed("POST", "/belplan", BODY, secret="another secret of 24 bytes"),
        "old": signed("POST", "/belplan", BODY, age=301),
        "early": signed("POST", "/belplan", BODY, age=-310),
        "other body": signed("POST", "/belplan", BODY + b" "),
        "other id": good | {"Webhook-Id": "msg_2"},
        "no number": good | {"Webhook-Timestamp": "now"},
        "not base64": good | {"Webhook-Signature": "v1,é"},
    }
    said = {name: asked(receiver, headers=headers) for name, headers in wrong.items()}
    assert {name: reply.status for name, reply in said.items()} == dict.fromkeys(wrong, 401)
    assert "300" in said["old"].text
    assert said["unsigned"].text == "the header webhook-id is missing"


def test_the_secret_can_be_changed_without_a_refusal():
    receiver = Receiver([SECRET, "the old secret, of 24 bytes"])
    receiver.on_call(word)
    headers = signed("POST", "/", BODY, secret="the old secret, of 24 bytes")
    assert asked(receiver, "POST", "/", headers).status == 200
    both = signed("POST", "/", BODY)
    both["Webhook-Signature"] = "v1,bm9uc2Vuc2U= v2,later " + both["Webhook-Signature"]
    verify(SECRET, "POST", "/", both, BODY)


def test_a_get_is_signed_by_its_target():
    receiver = Receiver(SECRET)
    receiver.on_get(lambda query: "204" if query == {"nummer": "31612345678", "leeg": ""} else "")
    target = "/ticket?nummer=31612345678&leeg="
    assert asked(receiver, "GET", target, signed("GET", target, b"")).text == "204"
    assert asked(receiver, "GET", "/ticket?nummer=1", signed("GET", target, b"")).status == 401


def test_what_is_not_taken_says_what_is():
    receiver = answering(word)
    reply = asked(receiver, "PUT")
    assert reply.status == 405
    assert ("Allow", "POST") in reply.headers
    assert asked(receiver, "GET").status == 405
    assert asked(receiver, body=b" " * 70_000).status == 413


def test_secrets_that_are_none_are_said_at_once():
    with pytest.raises(ValueError, match="empty"):
        Receiver("")
    with pytest.raises(ValueError, match="no secret"):
        verify([], "POST", "/", {}, b"")
    with pytest.raises(SignatureError, match="missing"):
        verify(SECRET, "POST", "/", {}, b"")
