"""Voicemail and recorded calls: heard by who may, deleted for good."""

import io
import uuid
from datetime import UTC, datetime

import av
import pytest

from belplan.engine.voicemail.boxes import Draft
from belplan.store import voicemail_files as files
from belplan.store.records import as_row
from tests.api.conftest import PLAN
from tests.api.test_calls import record
from tests.api.test_prompts import tone

BOXES = [
    {"name": "Algemeen", "number": "501"},
    {"name": "Anna", "number": "502", "users": ["201"]},
]


@pytest.fixture(scope="module")
def office(server):
    """A company with two boxes that takes calls, and its people."""
    company = server.company("Luisteraars", **PLAN, voicemail_boxes=BOXES)
    people = {role: server.person(f"listens-{role}@example.nl", role, company) for role in ("administrator", "editor")}
    assert people["administrator"]("POST", f"/companies/{company}/versions", {}).status_code == 201
    anna = server.person("listens-anna@example.nl", "agent", company)
    who = anna("GET", "/session").json()["user"]["id"]
    server.run(server.parts.people.join(who, company, "agent", "201"))
    return company, people | {"anna": anna}


@pytest.fixture
def leave(server, office):
    """Have somebody speak into a box."""

    def leave(box="502", caller="31612345678", seconds=2):
        draft = Draft(
            uuid.uuid4().hex, office[0], box, box, "leg", datetime.now(UTC), caller, caller, "", "nl", "UTC", (), 30
        )
        files.prepare(server.data / "voicemail")
        takes = server.data / "nothing"
        takes.mkdir(exist_ok=True)

        async def speak():
            await server.parts.boxes.begin(draft)
            (takes / f"{draft.take_name(1)}.wav16").write_bytes(tone(seconds, 16000))
            assert await server.parts.boxes.settle(draft, ())

        server.run(speak())
        return draft.id

    return leave


def lasts(sound):
    with av.open(io.BytesIO(sound)) as file:
        return sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))


def test_a_message_is_found_heard_and_deleted(office, leave):
    company, people = office
    at, anna = f"/companies/{company}/voicemail", people["anna"]
    first, second = leave(), leave(caller="")
    (box,) = anna("GET", at).json()["items"]
    assert (box["number"], box["name"], box["new"]) == ("502", "Anna", 2)
    newest, oldest = anna("GET", f"{at}/502").json()["items"]
    assert (oldest["id"], newest["id"], newest["caller_number"], oldest["seconds"]) == (first, second, "", 2.0)
    sound = anna("GET", f"{at}/502/{first}.mp3")
    assert (sound.headers["Content-Type"], lasts(sound.content)) == ("audio/mpeg", pytest.approx(2, abs=0.2))
    part = anna("GET", f"{at}/502/{first}.mp3", Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, sound.content[100:200])
    assert anna("GET", at).json()["items"][0]["new"] == 2
    assert anna("PUT", f"{at}/502/{first}", {"heard": True}).json()["heard"] is True
    assert anna("GET", at).json()["items"][0]["new"] == 1
    for message in (first, second):
        assert anna("DELETE", f"{at}/502/{message}").status_code == 204
        assert anna("GET", f"{at}/502/{message}.mp3").status_code == 404
    assert anna("GET", f"{at}/502").json()["items"] == []


def test_one_hears_ones_own_boxes_and_an_administrator_all(server, office, leave):
    company, people = office
    at = f"/companies/{company}/voicemail"
    message = leave(box="501")
    for who in (people["anna"], people["editor"]):
        assert "501" not in [one["number"] for one in who("GET", at).json()["items"]]
        for ask in (("GET", ".mp3"), ("DELETE", ""), ("PUT", "")):
            body = {"heard": True} if ask[0] == "PUT" else None
            assert who(ask[0], f"{at}/501/{message}{ask[1]}", body).status_code == 404
    administrator = people["administrator"]
    assert [one["number"] for one in administrator("GET", at).json()["items"]] == ["501", "502"]
    assert administrator("GET", f"{at}/501/{message}.mp3").status_code == 200
    assert administrator("GET", f"{at}/502/{message}.mp3").status_code == 404

    def token(*scopes):
        made = administrator("POST", f"/companies/{company}/tokens", {"name": "x", "scopes": scopes}).json()
        return server.somebody(Authorization=f"Bearer {made['text']}")

    assert token("live", "records")("GET", at).json()["items"] == []
    assert len(token("live", "listen")("GET", at).json()["items"]) == 2
    other = server.company("Hun voicemail", **PLAN, voicemail_boxes=BOXES)
    stranger = server.person("listens-stranger@example.nl", "administrator", other)
    assert stranger("GET", f"/companies/{other}/voicemail/501/{message}.mp3").status_code == 404


def test_a_recorded_call_is_heard_by_who_may_and_goes_with_its_number(server, office, leave):
    company, people = office
    administrator, editor = people["administrator"], people["editor"]
    documents = [record(company=company, caller="31687654321"), record(company=company, caller="31201234567")]
    server.run(server.parts.records.add([as_row(company, one) for one in documents]))
    calls = [one["call"]["uuid"] for one in documents]
    folder = server.data / "recordings" / company
    folder.mkdir(parents=True)
    for call, number in ((calls[0], 1), (calls[0], 2), (calls[1], 1)):
        (folder / f"{call}-{number}.wav").write_bytes(tone(number, 16000))
    at = f"/companies/{company}/calls/{calls[0]}"
    shown = administrator("GET", at).json()
    assert shown["recordings"] == [{"number": 1, "seconds": 1.0}, {"number": 2, "seconds": 2.0}]
    heard = administrator("GET", f"{at}/recordings/2.mp3")
    assert lasts(heard.content) == pytest.approx(2, abs=0.2)
    assert administrator("GET", f"{at}/recordings/3.mp3").status_code == 404
    assert administrator("GET", f"/companies/{company}/audit").json()["items"][0]["what"] == "recording.heard"
    assert editor("GET", at).json()["recordings"] == []
    assert editor("GET", f"{at}/recordings/1.mp3").status_code == 403
    left = leave(caller="31687654321")
    leave(caller="31201234567")
    gone = administrator("DELETE", f"/companies/{company}/calls?number=06 87654321").json()
    assert gone == {"records": 1, "recordings": 2, "messages": 1, "events": 0}
    assert [one.name for one in folder.iterdir()] == [f"{calls[1]}-1.wav"]
    assert left not in [
        one["id"] for one in administrator("GET", f"/companies/{company}/voicemail/502").json()["items"]
    ]


def test_calls_say_who_called(server, office):
    company, people = office
    editor = people["editor"]
    documents = [record(company=company, caller="31655555555"), record(company=company, caller="luisteraars-bram")]
    server.run(server.parts.records.add([as_row(company, one) for one in documents]))
    assert editor("PUT", f"/companies/{company}/phone-book/0655555555", {"name": "Zoë"}).status_code == 200
    names = {
        one["caller_number"]: one["caller_name"] for one in editor("GET", f"/companies/{company}/calls").json()["items"]
    }
    assert (names["31655555555"], names["luisteraars-bram"]) == ("Zoë", "Bram")
    assert "Zoë" in editor("GET", f"/companies/{company}/calls.csv").text
    assert editor("GET", f"/companies/{company}/calls/{documents[0]['call']['uuid']}").json()["caller_name"] == "Zoë"
