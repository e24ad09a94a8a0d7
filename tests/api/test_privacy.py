"""Which data goes where, and everything about a number in one file."""

import io
import json
import zipfile

from belplan.store.records import as_row
from tests.api.conftest import PLAN
from tests.api.test_calls import record
from tests.api.test_event_webhooks import make
from tests.api.test_prompts import tone

ROUTE = [
    *PLAN["dial_plans"][0]["route"],
    {
        "webhook": {
            "method": "POST",
            "url": "https://crm.example.nl/two?plan={dp_in_number}",
            "send": {"caller_number": "hashed", "uuid": "whole"},
            "fallback_url": "http://old.example.nl/x?n={caller_number}",
        }
    },
    {"webhook": {"method": "GET", "url": "https://get.example.nl/ticket?nummer={caller_number}", "save_as": "t"}},
    {"email": {"to": ["info@example.nl"]}},
]


def test_the_register_says_which_data_goes_where(server, member):
    plan = {**PLAN, "dial_plans": [{**PLAN["dial_plans"][0], "route": ROUTE}]}
    company = server.company(
        "Register", **plan, voicemail_boxes=[{"name": "A", "number": "501", "email": ["vm@example.nl"]}]
    )
    administrator = server.person("register@example.nl", "administrator", company)
    at = f"/companies/{company}/data-register"
    assert administrator("GET", at).status_code == 409
    assert administrator("POST", f"/companies/{company}/versions", {}).status_code == 201
    make(server, company, "https://events.example.nl/in?token=geheim", ["call.ended"])
    found = administrator("GET", at).json()
    flows = {(one["kind"], one["to"]): one for one in found["items"]}
    assert set(flows) == {
        ("webhook", "https://crm.example.nl"),
        ("webhook", "http://old.example.nl"),
        ("webhook", "https://get.example.nl"),
        ("email", "info@example.nl"),
        ("voicemail", "vm@example.nl"),
        ("event-webhook", "https://events.example.nl"),
    }
    crm = flows["webhook", "https://crm.example.nl"]
    assert len(crm["items"]) == 2
    assert {"caller_number", "sip_call_id", "caller_number (hashed)"} <= set(crm["fields"])
    assert flows["webhook", "http://old.example.nl"]["fields"] == ["caller_number (hashed)", "uuid", "caller_number"]
    assert flows["webhook", "http://old.example.nl"]["encrypted"] is False
    assert flows["webhook", "https://get.example.nl"]["fields"] == ["caller_number"]
    assert flows["event-webhook", "https://events.example.nl"]["items"] == ["call.ended"]
    assert "recording" in flows["voicemail", "vm@example.nl"]["fields"]
    assert "geheim" not in json.dumps(found)
    assert found["keep_recordings_days"] == 90


def test_everything_about_a_number_is_one_file(server, member, company):
    administrator = member("administrator")
    mine, theirs = record(company=company), record(company=company, caller="31201234567")
    server.run(server.parts.records.add([as_row(company, one) for one in (mine, theirs)]))
    folder = server.data / "recordings" / company
    folder.mkdir(parents=True)
    for one in (mine, theirs):
        (folder / f"{one['call']['uuid']}-1.wav").write_bytes(tone(1, 16000))
    administrator("PUT", f"/companies/{company}/phone-book/0612345678", {"name": "Pieter"})
    got = administrator("GET", f"/companies/{company}/about-number?number=06-12345678")
    assert got.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        about = json.loads(archive.read("about.json"))
        assert archive.namelist() == [f"recordings/{mine['call']['uuid']}-1.wav", "about.json"]
    assert (about["number"], about["name"]) == ("31612345678", "Pieter")
    assert [call["call"]["uuid"] for call in about["calls"]] == [mine["call"]["uuid"]]
    assert member("editor")("GET", f"/companies/{company}/about-number?number=1").status_code == 403
