"""A server with companies in its database, for measures: phones of each, and dial plans that reach one of them."""

import json
import re
from datetime import datetime

from sqlalchemy import insert

from belplan.store import schema, tables
from belplan.store.database import Database, now

REFUSED = "1009"  # the dial plan that refuses at once, with 486
PROVIDER = "31102380095"  # a number of the first company, from its provider


def account(company: int, phone: int) -> tuple[str, str]:
    """SIP account and password of a phone."""
    return f"bedrijf-{company}-u{phone}", f"geheim-{company}-{phone}"


def plan(number: int) -> dict:
    """A company of ten people and ten dial plans: nine ask a webhook, the last refuses. The first has a trunk."""
    users = [
        {
            "name": f"Gebruiker {n}",
            "number": f"2{n:02}",
            "phones": [{"username": f"u{n}", "password": account(number, n)[1]}],
        }
        for n in range(10)
    ]
    route = [
        {"webhook": {"method": "POST", "url": "https://crm.example.nl/belplan", "save_as": "klant"}},
        {"condition": {"variable": "klant", "equals": "openstaand", "then": [{"connect": {"to": "201"}}]}},
        {"condition": {"variable": "klant", "is_set": True, "then": [{"connect": {"to": "202"}}]}},
        {"connect": {"to": "200"}},
    ]
    plans = [
        {
            "name": f"Plan {n}",
            "internal_number": f"10{n:02}",
            "external_numbers": [f"3110{number:04}{n:03}"],
            "route": route,
        }
        for n in range(9)
    ]
    plans.append({"name": "Plan 9", "internal_number": REFUSED, "route": [{"hangup": {"cause": 17}}]})
    company = {"company": {"name": f"Bedrijf {number}", "id": f"{number:032x}"}, "users": users, "dial_plans": plans}
    if number == 1:
        company["trunks"] = [
            {
                "name": "provider",
                "host": "127.0.0.2",
                "port": 9,
                "channels": 1000,
                "inbound_from": ["127.0.0.0/8"],
                "numbers": [PROVIDER],
            }
        ]
        plans[-1] |= {"external_numbers": [PROVIDER], "route": [{"connect": {"to": "201"}}]}
        plans[-2] |= {"internal_number": REFUSED, "route": [{"hangup": {"cause": 17}}]}
        plans[-1]["internal_number"] = "1008"
    return company


async def fill(url: str, companies: int, numbers: int) -> None:
    """Write companies, each with a live version and a phone book."""
    async with Database(url) as database:
        await schema.upgrade(database)
        for first in range(1, companies + 1, 50):
            some = range(first, min(first + 50, companies + 1))

            async def work(connection, some=some):
                for n in some:
                    text = json.dumps(plan(n))
                    one = f"{n:032x}"
                    row = {"id": one, "handle": f"bedrijf-{n}", "name": f"Bedrijf {n}", "live": 1, "from_file": False}
                    await connection.execute(insert(tables.companies).values(**row, created=now()))
                    kept = {"company": one, "plan": text, "source": None, "author": "x", "at": now()}
                    await connection.execute(insert(tables.drafts).values(**kept, revision=1, base=1))
                    await connection.execute(insert(tables.versions).values(**kept, number=1, note=""))
                    book = [{"company": one, "number": f"316{i:08}", "name": f"Naam {i}"} for i in range(numbers)]
                    if book:
                        await connection.execute(insert(tables.phone_book), book)

            await database.change(work)


_MESSAGE = re.compile(r"(?P<at>[0-9T:.-]+)Z?\n\w+ message (?P<way>sent|received) [^\n]*\n\n(?P<text>.*)", re.S)
_CALL = re.compile(r"^Call-ID: *(\S+)", re.M | re.I)


def set_up(trace: str, final: int) -> list[float]:
    """Milliseconds from the last INVITE of each call, which carries the credentials, to its final response."""
    asked: dict[str, datetime] = {}
    found: list[float] = []
    for part in re.split(r"^-{20,} ", trace.replace("\r", ""), flags=re.M):
        if not (message := _MESSAGE.match(part)) or not (call := _CALL.search(message["text"])):
            continue
        at = datetime.fromisoformat(message["at"])
        if message["way"] == "sent" and message["text"].startswith("INVITE "):
            asked[call[1]] = at
        elif message["text"].startswith(f"SIP/2.0 {final} ") and (began := asked.pop(call[1], None)):
            found.append((at - began).total_seconds() * 1000)
    return found


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
