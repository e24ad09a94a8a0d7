"""What the demo takes for right and for wrong."""

from dataclasses import replace

import pytest

from belplan.demo.crm import FIELDS, Received
from belplan.demo.phones import CALLER, Seen
from belplan.demo.show import judge
from belplan.demo.stories import CUSTOMER, STORIES

TICKET = STORIES[1]
POSTED = Received("POST", "/belplan", b"{...}", 200, "ticket", dict.fromkeys(FIELDS, "") | {"caller_number": CUSTOMER})
ASKED = Received("GET", f"/ticket?number={CUSTOMER}", b"", 200, "203")
GOOD = {
    "rang": ["carla"],
    "answered": "carla",
    "caller_rang": True,
    "caller_answered": True,
    "caller_hears": "carla",
    "phone_hears": CALLER,
}


def test_a_call_that_reached_the_right_phone_has_nothing_wrong():
    assert judge(TICKET, Seen(**GOOD), [POSTED, ASKED]) == []


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ({"rang": ["daan"]}, "must ring: carla"),
        ({"rang": ["carla", "eva"]}, "rang: carla, eva"),
        ({"rang": []}, "rang: no phone"),
        ({"answered": None}, "answered: nobody"),
        ({"caller_rang": False}, "no ringing"),
        ({"caller_hears": None}, "the caller heard nothing"),
        ({"caller_hears": "eva"}, "the caller heard eva"),
        ({"phone_hears": None}, "the phone nothing"),
    ],
)
def test_what_the_phones_saw_counts(seen, says):
    assert any(says in wrong for wrong in judge(TICKET, Seen(**GOOD | seen), [POSTED, ASKED]))


@pytest.mark.parametrize(
    ("received", "says"),
    [
        ([], "the CRM was asked: nothing"),
        ([POSTED], "must be: POST /belplan, GET /ticket"),
        ([replace(POSTED, fields=dict(reversed(POSTED.fields.items()))), ASKED], "in order"),
        ([replace(POSTED, fields=POSTED.fields | {"event_time": 1}), ASKED], "as text"),
        ([replace(POSTED, fields=POSTED.fields | {"caller_number": "1"}), ASKED], "another caller"),
        ([POSTED, replace(ASKED, body=b"{}")], "body with a GET"),
    ],
)
def test_what_the_crm_got_counts(received, says):
    assert any(says in wrong for wrong in judge(TICKET, Seen(**GOOD), received))
