"""FreePBX's tables as a draft: inbound routes and what they lead to, destination by destination.

A destination is a text such as `timeconditions,3,1`, `ivr-1,s,1` or `ext-group,600,1`; each kind has its own table.
"""

import re
from collections.abc import Callable

from belplan.migration.draft import Draft, ImportFileError, Item
from belplan.migration.freepbx.dump import Row, read
from belplan.migration.freepbx.parts import items_of, queue_of

END: list[Item] = [{"hangup": {}}]
DEEPEST = 40  # destinations in a row

_STRATEGIES = {
    "ringall": "all",
    "hunt": "in_order",
    "firstavailable": "in_order",
    "random": "all",
    "memoryhunt": "in_order",
}
_SUBSTITUTED = {"[NUMBER]": "{caller_number}", "[DID]": "{callee_number}"}


def draft_of(text: str, company: str, country: str) -> Draft:
    """The plan of a FreePBX. Raises ImportFileError."""
    tables = read(text)
    if not any("destination" in row and "extension" in row for row in tables.get("incoming", [])):
        raise ImportFileError("there is no inbound route in it (table incoming): dump the whole database asterisk")
    return _Import(tables, Draft(company, country)).whole()


class _Import:
    def __init__(self, tables: dict[str, list[Row]], draft: Draft) -> None:
        self._tables = tables
        self.draft = draft
        self._menus: dict[str, str] = {}
        self._webhooks = 0
        self._way: list[str] = []
        self._menu = ""
        self._kinds: list[tuple[re.Pattern[str], Callable[..., list[Item]]]] = [
            (re.compile(r"(?:from-did-direct|ext-local),(\d+),"), self._extension),
            (re.compile(r"ext-local,vm[a-z]*(\d+),"), self._voicemail),
            (re.compile(r"ext-group,(\d+),"), self._ring_group),
            (re.compile(r"ext-queues,(\d+),"), self._queue),
            (re.compile(r"timeconditions,(\d+),"), self._time_condition),
            (re.compile(r"ivr-(\d+),s,"), self._ivr),
            (re.compile(r"dynroute-(\d+),s,"), self._dynamic_route),
            (re.compile(r"app-announcement-(\d+),s,"), self._announcement),
            (re.compile(r"app-daynight,(\d+),"), self._call_flow),
            (re.compile(r"app-setcid,(\d+),"), self._set_caller),
            (re.compile(r"ext-miscdests,(\d+),"), self._misc_destination),
            (re.compile(r"app-blackhole,(\w+),"), self._blackhole),
        ]

    def whole(self) -> Draft:
        for row in self._rows("users"):
            self.draft.user(row["extension"], row["extension"], row.get("name", ""))
        numbers = dict.fromkeys(row["extension"] for row in self._rows("incoming"))
        for number in numbers:
            self._inbound(number, [row for row in self._rows("incoming") if row["extension"] == number])
        self.draft.say("todo", "", "add the trunk to the plan: host, user name and password")
        self.draft.say("todo", "", "set the password of each phone: BELPLAN_SECRET_201_sip and its like")
        return self.draft

    def _inbound(self, number: str, rows: list[Row]) -> None:
        """The inbound routes of one number; those for certain callers come first, as in FreePBX."""
        route: list[Item] = []
        name = next((row["description"] for row in rows if row.get("description")), number or "Alle nummers")
        usual = [row for row in rows if not row.get("cidnum")]
        for row in rows:
            if caller := row.get("cidnum"):
                then = self._goes(row["destination"], f"inbound route {number or 'any'}/{caller}")
                route.append({"condition": self._caller(caller) | {"then": then}})
        route += self._goes(usual[0]["destination"], f"inbound route {number or 'any'}") if usual else END
        plan: Item = {"name": self.draft.free_name(name, self.draft.dial_plans)}
        if re.fullmatch(r"\+?\d{7,}", number):
            plan["external_numbers"] = [number]
        else:
            what = f"give the dial plan {name} its numbers" + (f": {number} is a pattern" if number else "")
            self.draft.say("todo", f"inbound route {number or 'any'}", what)
        plan["route"] = route[:-1] if route[-1:] == END else route
        self.draft.dial_plans.append(plan)

    def _caller(self, cidnum: str) -> Item:
        """A caller of an inbound route: a number, or a pattern of Asterisk's with fixed digits before it."""
        fixed = re.match(r"_?(\+?\d*)", cidnum)
        digits = fixed[1] if fixed else ""
        if cidnum.startswith("_") and digits:
            return {"variable": "caller_number", "starts_with": digits}
        return {"variable": "caller_number", "equals": cidnum}

    def _goes(self, destination: str, where: str) -> list[Item]:
        """The route of a destination; it always ends."""
        if destination in self._way or len(self._way) > DEEPEST:
            self.draft.say("lost", where, f"{destination} leads to itself; the call ends there")
            return END
        for pattern, become in self._kinds:
            if found := pattern.match(destination):
                self._way.append(destination)
                try:
                    return become(found[1], where)
                finally:
                    self._way.pop()
        if destination:
            self.draft.say("lost", where, f"the destination {destination}; the call ends there")
        return END

    def _extension(self, number: str, where: str) -> list[Item]:
        """A phone; and its voicemail, where it has one."""
        row = self._find("users", "extension", number)
        if row is None:
            self.draft.say("lost", where, f"there is no extension {number}")
            return END
        ringing = row.get("ringtimer", "")
        connect: Item = {"to": number} | ({"timeout": int(ringing)} if ringing.isdigit() and int(ringing) else {})
        has_box = row.get("voicemail", "novm") not in ("novm", "", "disabled")
        return [{"connect": connect}, *(self._voicemail(number, where) if has_box else END)]

    def _voicemail(self, number: str, where: str) -> list[Item]:
        boxes = self.draft.voicemail_boxes
        if number not in boxes:
            name = f"Voicemail {(self._find('users', 'extension', number) or {}).get('name') or number}"
            boxes[number] = {"name": name, "number": self.draft.free_number(5)}
        return [{"voicemail": {"box": boxes[number]["number"]}}, *END]

    def _ring_group(self, number: str, where: str) -> list[Item]:
        row = self._find("ringgroups", "grpnum", number)
        if row is None:
            self.draft.say("lost", where, f"there is no ring group {number}")
            return END
        members = re.split(r"[-&]", row["grplist"])
        inside = [one for one in members if one in self.draft.users]
        outside = [one.rstrip("#") for one in members if one and one not in self.draft.users]
        seconds = int(row.get("grptime") or 20)
        strategy = row.get("strategy", "ringall").removesuffix("-prim")
        if outside:
            self.draft.say(
                "lost", f"ring group {number}", f"{', '.join(outside)} cannot ring in a group: no phone here"
            )
        if strategy not in _STRATEGIES:
            self.draft.say("changed", f"ring group {number}", f"the strategy {strategy} becomes all at once")
        rest = self._goes(row.get("postdest", ""), f"ring group {number}")
        if not inside:
            return [{"connect": {"to": outside[0], "timeout": seconds}}, *rest] if outside else rest
        name = row.get("description", "")
        to = self.draft.group(inside, name, number, strategy=_STRATEGIES.get(strategy, "all"), timeout=seconds)
        said = row.get("annmsg_id", "")
        before = self._sound(said, f"ring group {number}")
        prefix = (row.get("grppre") or "").strip(" :")
        shown: list[Item] = [{"prefix": {"text": prefix[:20]}}] if prefix else []
        return [*before, *shown, {"connect": {"to": to}}, *rest]

    def _queue(self, number: str, where: str) -> list[Item]:
        row = self._find("queues_config", "extension", number)
        if row is None:
            self.draft.say("lost", where, f"there is no queue {number}")
            return END
        if number not in self.draft.queues:
            details = [one for one in self._rows("queues_details") if one["id"] == number]
            queue = queue_of(row, details, self.draft.users)
            if number in self.draft.taken:
                queue["number"] = self.draft.free_number(4)
            self.draft.taken.add(queue["number"])
            self.draft.queues[number] = queue
        rest = self._goes(row.get("dest", ""), f"queue {number}")
        return [{"queue": {"number": self.draft.queues[number]["number"]}}, *rest]

    def _time_condition(self, key: str, where: str) -> list[Item]:
        row = self._find("timeconditions", "timeconditions_id", key)
        if row is None:
            self.draft.say("lost", where, f"there is no time condition {key}")
            return END
        name = f"time condition {row.get('displayname') or key}"
        rows = [one["time"] for one in self._rows("timegroups_details") if one.get("timegroupid") == row.get("time")]
        if row.get("mode", "time-group") not in ("time-group", "") or not rows:
            self.draft.say("lost", name, "its times are in a calendar or nowhere; taken as not holding")
            return self._goes(row.get("falsegoto", ""), name)
        group = self._find("timegroups_groups", "id", row["time"]) or {}
        then = self._goes(row.get("truegoto", ""), name)
        return [
            *items_of(self.draft, rows, group.get("description") or name, then, name),
            *self._goes(row.get("falsegoto", ""), name),
        ]

    def _ivr(self, key: str, where: str) -> list[Item]:
        row = self._find("ivr_details", "id", key)
        if row is None:
            self.draft.say("lost", where, f"there is no IVR {key}")
            return END
        if key not in self._menus:
            name = self.draft.free_name(row.get("name") or f"IVR {key}", self.draft.ivr_menus.values())
            self._menus[key] = name
            self.draft.ivr_menus[key] = {"name": name, "start": "start", "contexts": {}}
            way, self._way, before, self._menu = self._way, [], self._menu, name
            self.draft.ivr_menus[key]["contexts"] = self._contexts(key, row, f"IVR {name}")
            self._way, self._menu = way, before
        name = self._menus[key]
        if self._menu == name:
            return [{"goto": {"context": "start"}}]
        return [{"goto": {"menu": name}}] if self._menu else [{"menu": {"name": name}}, *END]

    def _contexts(self, key: str, row: Row, where: str) -> dict[str, Item]:
        """The menu's contexts: one for each try, and one for each key that all tries lead to."""
        loops = [int(row[name]) if row.get(name, "").isdigit() else 0 for name in ("invalid_loops", "timeout_loops")]
        if loops[0] != loops[1]:
            what = f"{loops[0]} tries more after a wrong key, {loops[1]} after none: {max(loops)} for both"
            self.draft.say("changed", where, what)
        seconds = row.get("timeout_time", "")
        keys = self._keys(key, where)
        shared: dict[str, Item] = {}
        if max(loops):
            shared = {f"toets {one}": {"start": route} for one, route in keys.items() if "goto" not in route[0]}
            keys |= {one.removeprefix("toets "): [{"goto": {"context": one}}] for one in shared}
        tries = ["start", *(f"poging {number}" for number in range(2, min(10, max(loops)) + 2))]
        last = {
            "invalid": self._goes(row.get("invalid_destination", ""), where),
            "no_input": self._goes(row.get("timeout_destination", ""), where),
        }
        contexts: dict[str, Item] = {}
        for name, following in zip(tries, [*tries[1:], ""], strict=True):
            again = [{"goto": {"context": following}}]
            contexts[name] = {
                "timeout": min(60, max(1, int(seconds))) if seconds.isdigit() else 10,
                "start": self._sound(row.get("announcement", ""), where),
                "keys": keys,
            } | ({"invalid": again, "no_input": again} if following else last)
        if row.get("directdial", "") not in ("", "0", "Disabled"):
            self.draft.say("lost", where, "callers cannot type an extension in a menu")
        said = [name for name in ("invalid_retry_recording", "invalid_recording", "timeout_retry_recording",
                                  "timeout_recording") if row.get(name, "") not in ("", "0", "default")]  # fmt: skip
        if said:
            self.draft.say("lost", where, f"the recordings {', '.join(said)}: the announcement is repeated instead")
        return contexts | shared

    def _keys(self, key: str, where: str) -> dict[str, list[Item]]:
        keys: dict[str, list[Item]] = {}
        for entry in (one for one in self._rows("ivr_entries") if one["ivr_id"] == key):
            selection = entry["selection"]
            if entry.get("ivr_ret") == "1":
                what = f"key {selection} returns to the menu before; here it goes to its destination only"
                self.draft.say("lost", where, what)
            if re.fullmatch(r"[0-9*#]", selection):
                keys[selection] = self._goes(entry["dest"], f"{where}, key {selection}")
            else:
                self.draft.say("lost", where, f"{selection}: a menu takes one key")
        return keys

    def _dynamic_route(self, key: str, where: str) -> list[Item]:
        """A web server is asked, and its answer decides: a webhook and a condition for each answer."""
        row = self._find("dynroute", "id", key) or self._find("dynroute", "dynroute_id", key)
        if row is None:
            self.draft.say("lost", where, f"there is no dynamic route {key}")
            return END
        name = row.get("name") or row.get("displayname") or key
        place = f"dynamic route {name}"
        dests = [one for one in self._rows("dynroute_dests") if one["dynroute_id"] == key]
        default = row.get("default_dest") or next((one["dest"] for one in dests if one.get("default_dest") == "y"), "")
        url = row.get("url_query", "")
        if row.get("enable_dtmf_input") == "CHECKED":
            self.draft.say("lost", place, "callers type digits for it; a plan has menus of one key only")
        if row.get("sourcetype") != "url" or not url:
            source = row.get("sourcetype") or "nothing"
            what = f"it asks {source}; put a web server before that. Until then its default holds"
            self.draft.say("lost", place, what)
            return self._goes(default, place)
        if row.get("enable_substitutions", "CHECKED") == "CHECKED":
            for theirs, ours in _SUBSTITUTED.items():
                url = url.replace(theirs, ours)
        if unknown := re.findall(r"\[[^\]]*\]", url):
            self.draft.say("lost", place, f"{', '.join(unknown)} in its URL")
        if "{caller_number}" in url or "{callee_number}" in url:
            self.draft.say("changed", place, "numbers in the URL are in E.164 without + (31612345678)")
        self._webhooks += 1
        variable = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40] or "route"
        variable = f"{'' if variable[0].isalpha() else 'r_'}{variable}_{self._webhooks}"
        # FreePBX asks with 5 seconds of patience.
        items: list[Item] = [{"webhook": {"method": "GET", "url": url, "timeout": 5, "save_as": variable}}]
        for one in sorted(dests, key=_order):
            if one.get("default_dest") != "y":
                then = self._goes(one["dest"], place)
                equals = one["selection"].replace('"', "")
                items.append({"condition": {"variable": variable, "equals": equals, "then": then}})
        return [*items, *self._goes(default, place)]

    def _announcement(self, key: str, where: str) -> list[Item]:
        row = self._find("announcement", "announcement_id", key)
        if row is None:
            self.draft.say("lost", where, f"there is no announcement {key}")
            return END
        place = f"announcement {row.get('description') or key}"
        return [*self._sound(row.get("recording_id", ""), place), *self._goes(row.get("post_dest", ""), place)]

    def _call_flow(self, key: str, where: str) -> list[Item]:
        """Day and night by hand: a diversion, which is on at night."""
        modes = {row["dmode"]: row["dest"] for row in self._rows("daynight") if row["ext"] == key}
        name = modes.get("fc_description") or f"Dag en nacht {key}"
        if key not in self.draft.diversions:
            self.draft.diversions[key] = {"name": name, "code": str(int(key) % 10000)}
            self.draft.say("changed", f"call flow {name}", f"*28{key} becomes the dial plan's internal number, *{key}")
        then = self._goes(modes.get("night", ""), f"call flow {name}")
        day = self._goes(modes.get("day", ""), f"call flow {name}")
        return [{"diversion": {"name": self.draft.diversions[key]["name"], "then": then}}, *day]

    def _set_caller(self, key: str, where: str) -> list[Item]:
        row = self._find("setcid", "cid_id", key) or {}
        text = re.sub(r"\$\{.*", "", row.get("cid_name", "")).strip(" :")
        items: list[Item] = [{"prefix": {"text": text[:20]}}] if text else []
        if not text or "${CALLERID(name)}" not in row.get("cid_name", ""):
            self.draft.say(
                "lost", f"caller id {row.get('description') or key}", "the caller's name or number is replaced"
            )
        return [*items, *self._goes(row.get("dest", ""), where)]

    def _misc_destination(self, key: str, where: str) -> list[Item]:
        row = self._find("miscdests", "id", key) or {}
        number = row.get("destdial", "")
        if not re.fullmatch(r"\+?\d+", number):
            self.draft.say("lost", where, f"the misc destination {number or key}")
            return END
        return [{"connect": {"to": number}}, *END]

    def _blackhole(self, how: str, where: str) -> list[Item]:
        causes = {"busy": 17, "congestion": 34}
        if how not in ("hangup", *causes):
            self.draft.say("changed", where, f"app-blackhole,{how} hangs up")
        return [{"hangup": {"cause": causes[how]}}] if how in causes else END

    def _sound(self, recording: str, where: str) -> list[Item]:
        """A system recording; one of several files is played file after file."""
        if recording in ("", "0", "default"):
            return []
        row = self._find("recordings", "id", recording)
        if row is None:
            self.draft.say("lost", where, f"the recording {recording}")
            return []
        files = [name.rpartition("/")[2] for name in row.get("filename", "").split("&") if name]
        for name in files:
            self.draft.say("todo", "", f"copy the recording {name} to {name}.wav beside the plan")
        return [{"announce": {"file": f"{name}.wav"}} for name in files]

    def _rows(self, table: str) -> list[Row]:
        return self._tables.get(table, [])

    def _find(self, table: str, column: str, key: str) -> Row | None:
        return next((row for row in self._rows(table) if row.get(column) == key), None)


def _order(dest: Row) -> int:
    """FreePBX's own: by the number that an answer begins with."""
    digits = re.match(r"\d*", dest["selection"])
    return int(digits[0] or 0) if digits else 0
