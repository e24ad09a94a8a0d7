"""Answers the webhook of plan.yaml out of Tryton, over its REST API: who calls, and in which category is he?"""

import json
import os
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from wsgiref.simple_server import make_server

from belplan.receiver import Receiver

# The address of Tryton's database, and the key of its user application "REST API".
TRYTON = os.environ.get("TRYTON_URL", "http://127.0.0.1:8000/crm")
KEY = os.environ.get("TRYTON_KEY") or (Path(__file__).parent / "crm" / "key").read_text().strip()

receiver = Receiver()


@receiver.on_call
def who(call):
    if call.withheld:
        return {}
    for party in parties("+" + call.caller_number):
        categories = [category["name"] for category in party.get("categories") or []]
        return {"name": party["name"], "category": categories[0] if categories else ""}
    return {}


def parties(number):
    """Who has this number in Tryton: it keeps telephone numbers as E.164, with the +, beside what was typed."""
    domain = urlsafe_b64encode(json.dumps([["contact_mechanisms.value_compact", "=", number]]).encode())
    fields = urlencode([("d", domain), ("f", "name"), ("f", "categories.name"), ("s", 1)])
    request = Request(f"{TRYTON}/rest/model/party.party?{fields}", headers={"Authorization": f"Bearer {KEY}"})
    # Shorter than the webhook's own timeout: a slow CRM is then answered with an error, and said so in the log here.
    with urlopen(request, timeout=1.5) as answer:
        return json.load(answer)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    make_server("127.0.0.1", port, receiver.wsgi).serve_forever()
