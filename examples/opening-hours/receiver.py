"""Answers the webhook of plan.yaml: is the office closed now, and why? The calendar is closed.ics beside this file.

Any calendar program can keep that file, or it can be fetched from the address that the program gives for sharing.
"""

import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from wsgiref.simple_server import make_server
from zoneinfo import ZoneInfo

from belplan.receiver import Receiver

CALENDAR = Path(__file__).with_name("closed.ics")
OFFICE = ZoneInfo("Europe/Amsterdam")

receiver = Receiver()


@receiver.on_call
def why_closed(call):
    now = call.asked_at.astimezone(OFFICE)
    return next((why for start, end, why in events(CALENDAR.read_text()) if start <= now < end), "")


def events(calendar):
    """Start, end and summary of each event (RFC 5545). Events that repeat are not unrolled here."""
    text = re.sub(r"\r?\n[ \t]", "", calendar)  # long lines are folded
    for event in re.findall(r"BEGIN:VEVENT(.*?)END:VEVENT", text, re.DOTALL):
        fields = dict(re.findall(r"^([A-Z]+)[^:\r\n]*:(.*?)\r?$", event, re.MULTILINE))
        start = moment(fields["DTSTART"])
        end = moment(fields["DTEND"]) if "DTEND" in fields else start + timedelta(days=1)
        yield start, end, fields.get("SUMMARY", "")


def moment(text):
    """20261225 is a day, 20261224T150000 a time on the office's wall, and with Z at its end one in UTC."""
    if "T" not in text:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=OFFICE)
    zone = ZoneInfo("UTC") if text.endswith("Z") else OFFICE
    return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    make_server("127.0.0.1", port, receiver.wsgi).serve_forever()
