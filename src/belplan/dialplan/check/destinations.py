"""Numbers and names that something refers to, and that are not there."""

from collections.abc import Mapping, Sequence

from belplan.dialplan.check.duplicates import KINDS, NUMBERED
from belplan.dialplan.check.findings import Findings
from belplan.dialplan.company import Destination, DialPlan, Queue, RingGroup, User, VoicemailBox
from belplan.dialplan.fields import placeholders
from belplan.dialplan.numbers import is_outside
from belplan.dialplan.places import Keys, Spot, Top
from belplan.dialplan.problem import listed
from belplan.dialplan.route import Kind

_WORDS: dict[type, str] = {
    User: "user",
    RingGroup: "ring group",
    Queue: "queue",
    VoicemailBox: "voicemail box",
    DialPlan: "dial plan",
}
_SECTIONS: dict[Kind, str] = {
    "menu": "ivr_menus",
    "time": "time_conditions",
    "diversion": "diversions",
    "dial_plan": "dial_plans",
    "queue": "queues",
    "voicemail": "voicemail_boxes",
}
_MAX_LISTED = 8  # names in one message


def check_destinations(findings: Findings, everything: Sequence[Top]) -> None:
    """Whatever is named has to be there, and be what is meant."""
    names = _Names(findings)
    for top in everything:
        for spot in top.everything:
            for ref in spot.app.refers():
                if not findings.written(spot, ref.field):
                    continue
                if message := names.refused(top, ref.kind, ref.name):
                    findings.say_of(spot, ref.field, "unknown-destination", message)
                elif ref.kind == "number":
                    names.warn_without_trunk(ref.name, _keys(spot, ref.field))
    _check_members(findings, names)
    for index, menu in enumerate(findings.company.ivr_menus):
        keys = findings.entry("ivr_menus", index)
        if menu.start not in menu.contexts and findings.has(keys, "start") and not findings.lost(menu.start):
            hint = findings.nearest(menu.start, menu.contexts)
            message = f'this menu has no context "{menu.start}"{hint}; its contexts are {_some(menu.contexts)}'
            findings.say((*keys, "start"), "unknown-destination", message)


def _check_members(findings: Findings, names: "_Names") -> None:
    company = findings.company
    for index, group in enumerate(company.ring_groups):
        for at, member in enumerate(group.members):
            keys = (*findings.entry("ring_groups", index), "members", at)
            if message := names.refused_number(member, (User,), "a ring group rings users"):
                findings.say(keys, "unknown-destination", message)
    for index, queue in enumerate(company.queues):
        for at, agent in enumerate(queue.agents):
            keys = (*findings.entry("queues", index), "agents", at)
            if agent.number is not None:
                otherwise = "an agent at a number is one outside; for a user write user"
                if message := names.refused_number(agent.number, (), otherwise, outside=True):
                    findings.say((*keys, "number"), "unknown-destination", message)
                else:
                    names.warn_without_trunk(agent.number, (*keys, "number"))
            elif message := names.refused_number(agent.user or "", (User,), "agents are users"):
                findings.say((*keys, "user"), "unknown-destination", message)
    for index, box in enumerate(company.voicemail_boxes):
        for at, user in enumerate(box.users):
            keys = (*findings.entry("voicemail_boxes", index), "users", at)
            if message := names.refused_number(user, (User,), "a voicemail box belongs to users"):
                findings.say(keys, "unknown-destination", message)
    if last := company.settings.last_resort:
        keys = ("company", "last_resort")
        otherwise = "what is rung at last is a user, a ring group or an outside number"
        if message := names.refused_number(last, (User, RingGroup), otherwise, outside=True):
            findings.say(keys, "unknown-destination", message)
        else:
            names.warn_without_trunk(last, keys)


class _Names:
    """The names and numbers of a company, and what to say of others."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        company = findings.company
        self.company = company
        self.country = company.settings.country
        self.named: dict[Kind, list[str]] = {
            "menu": list(company.menus),
            "time": [entry.name for entry in company.time_conditions],
            "diversion": [entry.name for entry in company.diversions],
            "dial_plan": list(company.plans),
        }
        self.known = {kind: frozenset(names) for kind, names in self.named.items()}
        self.by_name: Mapping[str, str] = {entry.name: number for number, entry in company.internal.items()}

    def refused(self, top: Top, kind: Kind, name: str) -> str | None:
        """Why an item of this route cannot name that; None where it can."""
        match kind:
            case "number":
                otherwise = f'to leave a message there, use voicemail: {{box: "{name}"}}'
                return self.refused_number(name, (User, RingGroup, Queue, DialPlan), otherwise, outside=True)
            case "queue":
                return self.refused_number(name, (Queue,), self._all_of(Queue, "queues"))
            case "voicemail":
                return self.refused_number(name, (VoicemailBox,), self._all_of(VoicemailBox, "voicemail boxes"))
            case "context":
                return self._refused_context(top, name)
            case _:
                section = _SECTIONS[kind]
                if name in self.known[kind] or self.findings.lost(name, section):
                    return None
                there = f"; there are {_some(self.named[kind])}" if self.named[kind] else f"; the plan has no {section}"
                return f'there is no {KINDS[section]} "{name}"{self.findings.nearest(name, self.named[kind])}{there}'

    def refused_number(
        self, text: str, allowed: tuple[type[Destination], ...], otherwise: str, *, outside: bool = False
    ) -> str | None:
        """Why this number is no destination here. `otherwise` is what to do; `outside`, whether outside numbers are."""
        found = self.company.destination(text) if outside else self.company.internal.get(text)
        if isinstance(found, allowed):
            return None
        if self.findings.lost(text, *NUMBERED):
            return None
        if found is not None:
            return f'{text} is {_WORDS[type(found)]} "{found.name}"; {otherwise}'
        if outside and self._leads_outside(text):
            return None
        if text in self.by_name:
            return f'write the number of "{text}": {self.by_name[text]}'
        hint = self.findings.nearest(text, [*self.company.internal, *self.by_name])
        if outside:
            return f"nobody has the number {text}{hint}, and it is no outside number"
        return f"nobody has the number {text}{hint}; {otherwise}"

    def warn_without_trunk(self, text: str, keys: Keys) -> None:
        """An outside number needs a way out. Only a warning: a plan may be tried before it has one."""
        if self.company.trunks or "trunks" in self.findings.loaded.broken or placeholders(text):
            return
        written = self.findings.raw(("trunks",))  # one that could not be read is a trunk all the same
        inside = self.company.destination(text) is not None or self.findings.lost(text, *NUMBERED)
        if not written and not inside and self._leads_outside(text):
            message = f"there is no trunk to reach {text}, a number outside the company; add one under trunks"
            self.findings.say(keys, "unknown-destination", message, "warning")

    def _refused_context(self, top: Top, name: str) -> str | None:
        if not top.in_menu:
            return "contexts are parts of a menu, and this is none; go to the menu itself: goto: {menu: …}"
        menu = self.company.ivr_menus[top.owner]
        if name in menu.contexts or self.findings.lost(name):
            return None
        hint = self.findings.nearest(name, menu.contexts)
        return f'menu "{menu.name}" has no context "{name}"{hint}; its contexts are {_some(menu.contexts)}'

    def _all_of(self, kind: type[Destination], plural: str) -> str:
        internal = self.company.internal.items()
        entries = [f"{number} ({entry.name})" for number, entry in internal if isinstance(entry, kind)]
        return f"{plural} are {_some(entries)}" if entries else f"the plan has no {plural}"

    def _leads_outside(self, text: str) -> bool:
        return is_outside(self.company.canonical(text), self.country)


def _some(names: Sequence[str] | Mapping[str, object]) -> str:
    words = list(names)
    more = len(words) - _MAX_LISTED
    return listed([*words[:_MAX_LISTED], f"{more} more"] if more > 0 else words)


def _keys(spot: Spot, setting: str) -> Keys:
    return (*spot.keys, setting)
