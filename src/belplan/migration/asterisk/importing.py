"""An extensions.conf as a draft: which extension is a dial plan, and which is somebody's phone."""

import re
from dataclasses import dataclass
from typing import Any, cast

from belplan.migration.asterisk.applications import APPLICATIONS
from belplan.migration.asterisk.conf import Context, DialplanFile, Extension, arguments, lines, read
from belplan.migration.asterisk.dial import TECHNOLOGIES
from belplan.migration.asterisk.walk import Walker
from belplan.migration.draft import Draft, ImportFileError

_JUMPS = re.compile(r"(?:Goto|GotoIf|GotoIfTime|Gosub|GosubIf|ExecIf)\(", re.IGNORECASE)
_LONGEST_INTERNAL = 6


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of the files that go with an extensions.conf; "" where there is none."""

    extensions: str
    voicemail: str = ""
    queues: str = ""


def draft_of(files: Files, company: str, country: str, contexts: tuple[str, ...] = ()) -> Draft:
    """The plan of an extensions.conf. Calls enter at `contexts`; without them, where no other context leads.

    Raises ImportFileError.
    """
    file = read(files.extensions)
    if not file.contexts:
        raise ImportFileError("there is no context in it: this is no extensions.conf")
    for context in contexts:
        if context not in file.contexts:
            raise ImportFileError(f"there is no context {context}; there are {', '.join(file.contexts)}")
    draft = Draft(company, country)
    for line, text in file.unread:
        draft.say("lost", f"line {line}", f"{text} is not read")
    entered = [file.contexts[name] for name in contexts or _entrances(file)]
    walker = Walker(file, draft, APPLICATIONS)
    _people(entered, walker)
    _boxes(files.voicemail, walker)
    _queues(files.queues, walker)
    for context in entered:
        for extension in context.extensions.values():
            _dial_plan(context, extension, walker)
    if not draft.dial_plans:
        raise ImportFileError(f"no extension of {', '.join(one.name for one in entered)} takes calls")
    return draft


def _entrances(file: DialplanFile) -> list[str]:
    """Contexts that no other one leads to: there calls come in."""
    led_to: set[str] = set()
    for context in file.contexts.values():
        led_to |= {include.context for include in context.includes}
        for extension in context.extensions.values():
            for step in extension.steps.values():
                text = f"{step.application}({step.arguments})"
                if _JUMPS.match(text):
                    words = {word.strip() for word in re.split(r"[,?:()]", step.arguments)}
                    led_to |= words & set(file.contexts) - {context.name}
                elif step.application.lower() == "macro":
                    led_to.add(f"macro-{arguments(step.arguments)[0]}")
    return [name for name in file.contexts if name not in led_to] or list(file.contexts)


def _people(contexts: list[Context], walker: Walker) -> None:
    """Short extensions whose first Dial rings one phone are users; of several phones, ring groups."""
    groups: list[tuple[str, list[str]]] = []
    for context in contexts:
        for extension in context.extensions.values():
            accounts = _phones(extension) if _internal(extension.name) else []
            if len(accounts) == 1:
                walker.draft.user(accounts[0], extension.name)
            elif accounts:
                groups.append((extension.name, accounts))
    for number, accounts in groups:
        walker.draft.group([walker.draft.user(one) for one in accounts], number=number)


def _phones(extension: Extension) -> list[str]:
    """The SIP accounts that an extension's only way rings: Dial first, and nothing that decides before it."""
    for step in sorted(extension.steps.items()):
        application = step[1].application.lower()
        if application == "dial":
            dialled = arguments(step[1].arguments)[0].split("&")
            names = [one.strip().partition("/") for one in dialled]
            if all(name[0] in TECHNOLOGIES[:2] and re.fullmatch(r"[A-Za-z0-9_.-]+", name[2]) for name in names):
                return [name[2] for name in names]
            return []
        if application not in ("noop", "answer", "verbose", "ringing", "set", "wait"):
            return []
    return []


def _dial_plan(context: Context, extension: Extension, walker: Walker) -> None:
    name, draft = extension.name, walker.draft
    where = f"context {context.name}, extension {name}"
    if name != "s" and re.search("[A-Za-z]", name.lstrip("_").translate(str.maketrans("", "", "XxZzNn"))):
        return  # nobody dials letters: it is a place to jump to
    if _internal(name) and _phones(extension):
        route = walker.route(context.name, name)
        own = next((user for user in draft.users.values() if user["number"] == name), None)
        if own is not None and len(route) > 1:
            # A personal route: the phone, and what happens when it is not answered. It is walked for that number.
            if _has_webhook(route):
                draft.say("lost", where, "a user's own route may hold no webhook; only the phone rings")
            else:
                own["route"] = route
        return
    if name.startswith("_"):
        shown = draft.say
        if any(step.application.lower() == "dial" for step in extension.steps.values()):
            shown("changed", where, "what phones dial goes to a number of the company or over its trunk by itself")
            return
        shown("todo", where, "give the dial plan its numbers: a pattern says only what they look like")
    plan: dict[str, object] = {"name": draft.free_name(f"{context.name} {name}", draft.dial_plans)}
    if _internal(name) and name not in draft.taken:
        plan["internal_number"] = name
        draft.taken.add(name)
    elif re.fullmatch(r"\+?\d{7,}", name):
        plan["external_numbers"] = [name]
    elif name == "s":
        draft.say("todo", where, "give the dial plan its numbers: s is whatever was called")
    plan["route"] = walker.route(context.name, name, FROM_DID=name)
    draft.dial_plans.append(plan)


def _boxes(text: str, walker: Walker) -> None:
    """voicemail.conf: `501 => password,name,email`."""
    for _, section, mailbox, value in lines(text):
        if not mailbox.isdigit() or section in ("general", "zonemessages"):
            continue
        _, name, mail, *_ = [*arguments(value), "", "", ""]
        user = next((user for user in walker.draft.users.values() if user["number"] == mailbox), None)
        if user is not None and name:
            user["name"] = walker.draft.free_name(name, walker.draft.users.values())
        number = walker.draft.free_number(5) if mailbox in walker.draft.taken else mailbox
        walker.draft.taken.add(number)
        box: dict[str, object] = {"name": f"Voicemail {name or mailbox}", "number": number}
        walker.draft.voicemail_boxes[mailbox] = box | ({"email": [mail]} if "@" in mail else {})


def _queues(text: str, walker: Walker) -> None:
    """queues.conf: a section each, with `member => PJSIP/anna`."""
    strategies = {"ringall": "all", "leastrecent": "longest_idle", "rrmemory": "round_robin", "linear": "in_order"}
    for number, section, name, value in lines(text):
        if section in ("general", "") or section.startswith("#"):
            continue
        if section not in walker.draft.queues:
            walker.draft.queues[section] = {"name": section, "number": walker.draft.free_number(4)}
        queue = walker.draft.queues[section]
        if name == "member":
            account = arguments(value)[0].partition("/")[2]
            queue.setdefault("agents", []).append({"user": walker.draft.user(account)})
        elif name == "strategy" and value in strategies:
            queue["strategy"] = strategies[value]
        elif name == "maxlen" and value.isdigit() and int(value):
            queue["max_waiting"] = int(value)
        elif name == "wrapuptime" and value.isdigit():
            queue["wrap_up"] = int(value)
        elif name not in ("", "timeout", "musicclass", "retry"):
            walker.draft.say("lost", f"queues.conf, line {number}", f"{name} of the queue {section}")


def _internal(name: str) -> bool:
    return name.isdigit() and len(name) <= _LONGEST_INTERNAL


def _has_webhook(route: Any) -> bool:
    if isinstance(route, list):
        return any(_has_webhook(one) for one in cast("list[Any]", route))
    if isinstance(route, dict):
        item = cast("dict[str, Any]", route)
        return "webhook" in item or any(_has_webhook(one) for one in item.values())
    return False
