"""A table of numbers, as people keep it in a spreadsheet and save it as CSV.

Columns, in any order, in English or Dutch: number, name, email, account (the phone's SIP user name), members (of a
group), and goes_to (where an outside number rings). What has members is a ring group, what has goes_to or a long number
a dial plan.
"""

import csv
import re
from io import StringIO

from belplan.migration.draft import Draft, ImportFileError

COLUMNS = {
    "number": ("number", "nummer", "extension", "toestelnummer", "intern"),
    "name": ("name", "naam", "description", "omschrijving"),
    "email": ("email", "e-mail", "mail"),
    "account": ("account", "phone", "toestel", "username", "gebruikersnaam", "sip"),
    "members": ("members", "leden"),
    "goes_to": ("goes_to", "to", "naar", "doorverbinden", "bestemming"),
}


def draft_of(text: str, company: str, country: str) -> Draft:
    """The plan of a table. Raises ImportFileError with the line."""
    draft = Draft(company, country)
    lines = [line for line in text.splitlines() if line.strip()]
    separator = max(",;\t", key=lines[0].count) if lines else ","
    reader = csv.DictReader(StringIO(text), delimiter=separator)
    columns = {
        ours: name
        for name in reader.fieldnames or ()
        for ours, names in COLUMNS.items()
        if name.strip().lower() in names
    }
    if "number" not in columns or "name" not in columns:
        raise ImportFileError(
            f"the first line must name the columns number and name; it has {lines[0] if lines else 'nothing'}"
        )
    outside: list[tuple[str, str, str]] = []
    groups: list[tuple[str, str, list[str], str]] = []
    for row in reader:
        where = f"line {reader.line_num}"
        cells = {ours: (row.get(theirs) or "").strip() for ours, theirs in columns.items()}
        number = re.sub(r"[\s().-]", "", cells["number"])
        if not number and not cells["name"]:
            continue
        if not re.fullmatch(r"\+?\d+", number):
            raise ImportFileError(f"{where}: “{cells['number']}” is no number")
        if cells.get("goes_to") or len(number.lstrip("+")) > 6:
            outside.append((number, cells["name"], cells.get("goes_to", "")))
        elif number in draft.taken or any(number == one[0] for one in groups):
            raise ImportFileError(f"{where}: {number} is there twice")
        elif members := re.findall(r"\d+", cells.get("members", "")):
            groups.append((number, cells["name"], members, where))
        else:
            account = cells.get("account") or number
            if account in draft.users:
                raise ImportFileError(f"{where}: the phone {account} is there twice")
            draft.user(account, number, cells["name"])
            if "@" in cells.get("email", ""):
                draft.users[account]["email"] = cells["email"]
    people = {user["number"] for user in draft.users.values()}
    for number, name, members, where in groups:
        if missing := [member for member in members if member not in people]:
            raise ImportFileError(f"{where}: {name} has the member {missing[0]}, which is nobody's number")
        draft.group(members, name, number)
    for number, name, to in outside:
        plan = {"name": draft.free_name(name or number, draft.dial_plans), "external_numbers": [number]}
        if not to:
            draft.say("todo", number, "say where it rings: the column goes_to is empty")
        draft.dial_plans.append(plan | {"route": [{"connect": {"to": to}}] if to else []})
    return draft
