"""Plans and calls at random, for holding the proof to the walk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from belplan.apps import APPS
from belplan.dialplan.check import read_value
from belplan.dialplan.company import Company
from belplan.drivers.simulator import Reaction, Reply
from belplan.engine.cdr import CallRecord
from belplan.proof import Proof
from belplan.proof.admit import strays
from belplan.simulation import Caller, Observation, observe
from belplan.webhook.exchange import Answer

USERS = ("201", "202", "203")
VALUES = (
    "openstaand",
    "Openstaand",
    "vip",
    "vip gold",
    "201",
    "202",
    "301",
    "1003",
    "1004",
    "0687654321",
    "112",
    "7",
    "12.5",
    "",
)
CALLERS = ("0612345678", "0102380095", "004915123456789", "", "201", "anna", "+12025550123")
OUTSIDE = "0687654321"


def plan(random: Random, size: int = 5) -> dict[str, Any]:
    """A plan as YAML would give it; perhaps with problems."""
    return _Writer(random, size).plan()


class _Writer:
    def __init__(self, random: Random, size: int) -> None:
        self._random = random
        self._left = size * 4
        self._variables: list[str] = []
        self._size = size
        self._count = 0

    def plan(self) -> dict[str, Any]:
        random = self._random
        plans = [
            {"name": name, "internal_number": number, "route": self._route(0, "plan")}
            for name, number in (("Een", "1003"), ("Twee", "1004"))
            if not self._variables.clear()
        ]
        self._variables.clear()
        keys = {key: self._route(2, "menu") for key in random.sample("129#", random.randint(0, 2))}
        context = {
            "timeout": 4,
            "tries": random.choice([1, 1, 2]),
            "start": [{"announce": {"say": "Kies."}}],
            "keys": keys,
            "no_input": self._route(2, "menu"),
        }
        document = {
            "company": {"name": "Toeval", **({"last_resort": "203"} if random.random() < 0.3 else {})},
            "users": [
                {"name": f"Gebruiker {number}", "number": number, "phones": [{"username": name, "password": "x"}]}
                for number, name in zip(USERS, ("anna", "bram", "carla"), strict=True)
            ],
            "ring_groups": [
                {
                    "name": "Groep",
                    "number": "301",
                    "members": random.choice([["201", "202"], ["202", "203"], ["203"]]),
                    "strategy": random.choice(["all", "in_order"]),
                    "timeout": 10,
                }
            ],
            "diversions": [
                {"name": "lunch", "code": "1", "group": "dag"},
                {"name": "overleg", "code": "2", "group": "dag"},
                {"name": "los", "code": "3"},
            ],
            "time_conditions": [
                {"name": "open", "weekdays": [{"days": ["mon", "tue", "wed"], "from": "08:30", "to": "17:00"}]},
                {"name": "zomer", "periods": [{"from": "2026-07-01", "to": "2026-08-31"}]},
            ],
            "queues": [
                {
                    "name": "Wachtrij",
                    "number": "401",
                    "agents": [{"user": user} for user in random.sample(USERS, random.randint(0, 2))],
                    "max_wait": random.choice([20, 60]),
                    **({"greeting": {"say": "Een ogenblik."}} if random.random() < 0.5 else {}),
                }
            ],
            "voicemail_boxes": [{"name": "Algemeen", "number": "501", **random.choice([{}, {"pin": "1234"}])}],
            "ivr_menus": [{"name": "keuze", "start": "nl", "contexts": {"nl": context}}],
            "dial_plans": plans,
            "rules": [self._rule() for _ in range(3)],
        }
        if random.random() < 0.3:  # a user with a route of their own
            self._variables.clear()
            document["users"][1]["route"] = self._route(2, "personal")
        if random.random() < 0.7:
            document["trunks"] = [{"name": "p", "host": "127.0.0.1", "numbers": ["31102380095"]}]
        return document

    def _route(self, depth: int, where: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for _ in range(self._random.randint(0 if depth else 1, max(1, self._size - depth))):
            if self._left <= 0:
                break
            self._left -= 1
            name, item = self._item(depth, where)
            items.append({name: item})
            if name in ("hangup", "goto"):
                break
        return items

    def _item(self, depth: int, where: str) -> tuple[str, dict[str, Any]]:
        random = self._random
        kinds = ["connect", "connect", "condition", "condition", "webhook", "announce", "set", "time", "diversion"]
        kinds += ["switch", "hangup", "email", "prefix", "collect", "same_colleague"]
        kinds += ["queue", "voicemail", "record"]
        kinds += ["menu", "goto"] if where == "plan" else []
        if where == "personal":
            kinds = [kind for kind in kinds if kind != "webhook"]
        kind = random.choice(kinds)
        below = (
            self._route(depth + 1, where) if depth < 3 and kind in ("condition", "time", "diversion", "switch") else []
        )
        match kind:
            case "connect":
                return kind, self._connect(depth, where)
            case "condition":
                return kind, {**self._test(), "then": below, **({"else": self._route(3, where)} if depth < 2 else {})}
            case "webhook":
                self._count += 1
                name = f"w{self._count}"
                item: dict[str, Any] = {"method": "GET", "url": "http://x.example/", "timeout": 2, "save_as": name}
                if depth < 2 and random.random() < 0.3:
                    item[random.choice(["on_timeout", "on_error", "on_ok"])] = self._route(3, where)
                self._variables.append(name)
                if random.random() < 0.2:
                    self._variables.append(f"{name}.{random.choice(['status', 'reason'])}")
                return kind, item
            case "announce":
                return kind, {"say": "Een mededeling.", "answer": random.random() < 0.7}
            case "set":
                name = random.choice(["s1", "s2"])
                self._variables.append(name)
                return kind, {"name": name, "value": random.choice(["vip", "x", "201", "{caller_number}"])}
            case "time":
                return kind, {"when": random.choice(["open", "zomer"]), "invert": random.random() < 0.3, "then": below}
            case "diversion":
                return kind, {"name": random.choice(["lunch", "overleg", "los"]), "then": below}
            case "switch":
                return kind, {
                    "variable": self._variable(),
                    "ignore_case": random.random() < 0.3,
                    "cases": {"vip": below, "openstaand": self._route(3, where)},
                }
            case "collect":
                self._variables.append("cijfers")
                return kind, {"save_as": "cijfers", "prompt": {"say": "Toets."}, "maximum": 2, "tries": 2}
            case "menu":
                return kind, {"name": "keuze"}
            case "goto":
                return kind, random.choice([{"dial_plan": "Twee"}, {"menu": "keuze"}])
            case "email":
                return kind, {"to": ["a@example.nl"]}
            case "prefix":
                return kind, {"text": "X"}
            case "queue":
                return kind, {"number": "401"}
            case "voicemail":
                return kind, {"box": "501"}
            case "record":
                return kind, random.choice([{}, {"on": False}, {"announce": False}])
            case _:
                return kind, {}

    def _connect(self, depth: int, where: str) -> dict[str, Any]:
        random = self._random
        to = random.choice([*USERS, "301", OUTSIDE, "401", "1004"])
        if self._variables and random.random() < 0.3:
            to = f"{{{random.choice(self._variables)}}}"
        item: dict[str, Any] = {"to": to}
        if random.random() < 0.3:
            item["timeout"] = 5
        if depth < 2 and random.random() < 0.3:
            item[random.choice(["on_busy", "on_no_answer", "on_failed"])] = self._route(3, where)
        return item

    def _variable(self) -> str:
        names = ["caller_number", *self._variables]
        return self._random.choice(names)

    def _test(self) -> dict[str, Any]:
        if self._random.random() < 0.15:
            return {self._random.choice(["all", "any"]): [self._one() for _ in range(2)], "invert": False}
        return self._one()

    def _one(self) -> dict[str, Any]:
        random = self._random
        variable = self._variable()
        tests: list[dict[str, Any]] = [{"is_set": random.random() < 0.5}]
        if variable == "caller_number":
            tests += [
                {"starts_with": "06"},
                {"country": "DE"},
                {"mobile": True},
                {"anonymous": True},
                {"internal": True},
            ]
            tests += [{"equals": "06 1234 5678"}, {"one_of": ["201", "0102380095"]}, {"ends_with": "78"}]
        else:
            tests += [{"equals": "vip"}, {"starts_with": "vip"}, {"contains": "p"}, {"matches": "^[0-9]+$"}]
            tests += [{"more_than": "5"}, {"between": ["7", "20"]}, {"one_of": ["openstaand", "201"]}]
            tests += [{"equals": "openstaand", "ignore_case": True}, {"ends_with": "gold"}]
            tests += [{"equals": "timeout"}, {"at_least": "400"}] if "." in variable else []
        return {"variable": variable, "invert": random.random() < 0.2, **random.choice(tests)}

    def _rule(self) -> dict[str, Any]:
        random = self._random
        return random.choice(
            [
                {"never": {"to": random.choice([*USERS, "301", OUTSIDE])}},
                {"always": {"reach": "person"}},
                {"always": {"to": "203"}},
                {"within": random.choice([1, 5, 30]), "reach": "person"},
                {"silence_at_most": random.choice([1.5, 5])},
                {"always": {"reach": "person_or_voicemail"}},
                {"within": 30, "reach": "person_or_voicemail"},
                {"never": {"to": "201"}, "when": {"time": "open"}},
                {"only": {"to": "202"}, "when": {"variable": "caller_number", "mobile": True}},
            ]
        )


def caller(random: Random, company: Company) -> Caller:
    """Somebody who calls, and what everybody does."""
    called = ["1003", "1003", "1003", "1004", *(user.number for user in company.users if user.route.items)]
    does = ("answer", "busy", "no_answer", "failed", "reject")
    return Caller(
        to=random.choice(called),
        number=random.choice(CALLERS),
        keys=[random.choice(["1", "2", "9", "#", "5", "", ""]) for _ in range(6)],
        at=datetime.fromisoformat("2026-01-01T00:00+01:00") + timedelta(minutes=random.randrange(365 * 24 * 60)),
        hang_up_after=random.choice([None, None, None, random.uniform(0, 60)]),
        reactions={
            number: [Reaction(random.choice(does), random.choice([1.0, 8.0]), 5.0) for _ in range(3)]
            for number in (*USERS, OUTSIDE)
            if random.random() < 0.8
        },
        replies={f"w{index}": [_reply(random) for _ in range(2)] for index in range(1, 30)},
        state={"diversions": {random.choice(["lunch", "overleg", "los"]): True}} if random.random() < 0.5 else {},
    )


def _reply(random: Random) -> Reply:
    if random.random() < 0.15:
        return Reply(Answer("timeout"), float("inf"))
    if random.random() < 0.15:
        return Reply(Answer("error", reason="refused"), random.choice([0.0, 1.5]))
    return Reply(Answer("ok", random.choice(VALUES), status=200), random.choice([0.0, 0.5, 1.9]))


def company(random: Random, size: int = 5) -> Company | None:
    """A company at random. None where the plan came out with problems."""
    return read_value(plan(random, size), APPS)[0]


@dataclass(frozen=True)
class Broken:
    """A call that does what the proof excluded."""

    what: str
    call: Observation


async def broken(proof: Proof, who: Caller, sender: Any) -> Broken | None:
    """Walk a call, and hold it against a proof."""
    call = await observe(proof.company, who, sender)
    if stray := strays(proof.graph, call.record):
        return Broken(f"the proof has no way {stray}", call)
    for judged in proof.rules:
        if judged.verdict == "proven" and (what := next(iter(_breaks(proof, judged.rule, call, who)), None)):
            return Broken(f"{judged.rule.title} was proven, but {what}", call)
    return None


def _spoke_after(record: CallRecord) -> float:
    """Seconds from the arrival until a voicemail box answered."""
    return next(step.started_ms for step in record.trace if step.app == "voicemail") / 1000


def _breaks(proof: Proof, rule: Any, call: Observation, who: Caller) -> Iterator[str]:
    """How a call breaks a rule."""
    company = proof.company
    rang = {(phone.number, phone.after) for phone in call.rang}
    named = {step.detail.get("to", "") for step in call.record.trace if step.detail.get("rang")}
    numbers = {number for number, _ in rang} | named
    open_now = company.times["open"]
    from belplan.dialplan import times

    assert who.at
    if rule.when and rule.when.time and not times.holds(open_now, who.at, company.zone):
        return
    abandoned = call.record.outcome in ("abandoned", "queued")  # they hung up, the latter in a queue
    target = company.canonical(rule.target) if rule.target else ""
    mobile = rule.only and not rule.when.holds(call.record.caller_number, company)
    if (rule.never or mobile) and target in numbers:
        yield f"{target} rang"
    if rule.always and rule.always.to and target not in numbers and not abandoned:
        yield f"{target} did not ring"
    reach = rule.reach or (rule.always.reach if rule.always else None)
    left = reach != "person" and call.record.outcome == "voicemail"
    if rule.always and reach and not rang and not left and not abandoned:
        yield "nobody was reached"
    waited = min((after for _, after in rang), default=_spoke_after(call.record) if left else call.lasted)
    if rule.within and waited > rule.within + 0.01:
        yield f"the first was reached after {waited:.1f} s"
    if rule.silence_at_most and call.silence > rule.silence_at_most + 0.01:
        yield f"there were {call.silence:.1f} s of silence"
