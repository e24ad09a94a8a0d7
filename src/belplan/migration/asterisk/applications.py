"""What each application of a dialplan becomes."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from belplan.dialplan.fields import CALL_DATA
from belplan.migration.asterisk.conf import Step, arguments
from belplan.migration.asterisk.dial import dial
from belplan.migration.asterisk.menus import background, wait_exten
from belplan.migration.asterisk.text import Ref, Value, constant, template
from belplan.migration.asterisk.walk import END, Place, State, Translate, Walker, unknown
from belplan.migration.draft import Item

# What does nothing that a caller of a plan would miss: it answers by itself, logs by itself, waits for nobody.
_NOTHING = """
answer noop verbose log dumpchan ringing progress proceeding wait playtones stopplaytones resetcdr nocdr setamaflags
monitor stopmonitor stopmixmonitor incomplete channelredirect sipaddheader
""".split()  # noqa: SIM905 - names in lines are easier to read and to change


def _nothing(walker: Walker, step: Step, state: State) -> list[Item]:
    return walker.on(state)


def _goto(walker: Walker, step: Step, state: State) -> list[Item]:
    return walker.jump(step.arguments, state, step)


def _goto_if(walker: Walker, step: Step, state: State) -> list[Item]:
    test, yes, no = _choice(step.arguments)
    return walker.fork(
        walker.test(test, state),
        lambda then: walker.jump(yes, then, step) if yes else walker.on(then),
        lambda rest: walker.jump(no, rest, step) if no else walker.on(rest),
        state,
        step,
    )


def _goto_if_time(walker: Walker, step: Step, state: State) -> list[Item]:
    times, yes, no = _choice(step.arguments)
    return walker.timed(
        times,
        lambda then: walker.jump(yes, then, step) if yes else walker.on(then),
        lambda rest: walker.jump(no, rest, step) if no else walker.on(rest),
        state,
        step,
    )


def _exec_if(walker: Walker, step: Step, state: State) -> list[Item]:
    test, yes, no = _choice(step.arguments)
    return walker.fork(
        walker.test(test, state),
        lambda then: _run(walker, yes, step, then),
        lambda rest: _run(walker, no, step, rest),
        state,
        step,
    )


def _exec_if_time(walker: Walker, step: Step, state: State) -> list[Item]:
    times, yes, no = _choice(step.arguments)
    return walker.timed(
        times, lambda then: _run(walker, yes, step, then), lambda rest: _run(walker, no, step, rest), state, step
    )


def _run(walker: Walker, call: str, step: Step, state: State) -> list[Item]:
    """An application within an application, and what comes after both."""
    found = re.fullmatch(r"\s*([A-Za-z]+)(?:\((.*)\))?\s*", call, re.DOTALL)
    if not found:
        return walker.on(state)
    inner = Step(found[1], found[2] or "", step.line)
    translate = APPLICATIONS.get(inner.application.lower())
    if translate is None:
        walker.draft.say("lost", walker.where(step), f"{call} has no counterpart; the call goes on after it")
        return walker.on(state)
    return translate(walker, inner, state)


def _gosub(walker: Walker, step: Step, state: State) -> list[Item]:
    found = re.fullmatch(r"([^()]*)(?:\((.*)\))?", step.arguments, re.DOTALL)
    place = walker.target(found[1] if found else "", state, step)
    if place is None:
        return END
    given = arguments(found[2]) if found and found[2] else []
    return _enter_sub(walker, state, place, given)


def _macro(walker: Walker, step: Step, state: State) -> list[Item]:
    name, *given = arguments(step.arguments)
    return _enter_sub(walker, state, Place(f"macro-{name}", "s", 1), given)


def _enter_sub(walker: Walker, state: State, place: Place, given: list[str]) -> list[Item]:
    back = (state.next().place, state.known)
    inside = replace(state.to(place), returns=(*state.returns, back))
    for number, text in enumerate(given, 1):
        inside = inside.setting(f"ARG{number}", walker.value(text, state))
    return walker.walk(inside)


def _return(walker: Walker, step: Step, state: State) -> list[Item]:
    return walker.back(state)


def _gosub_if(walker: Walker, step: Step, state: State) -> list[Item]:
    test, yes, no = _choice(step.arguments)

    def enter(target: str) -> Callable[[State], list[Item]]:
        return lambda inside: _gosub(walker, replace(step, arguments=target), inside) if target else walker.on(inside)

    return walker.fork(walker.test(test, state), enter(yes), enter(no), state, step)


def _set(walker: Walker, step: Step, state: State) -> list[Item]:
    """One assignment. With several (`Set(a=1,b=2)` of old) each is taken in turn."""
    name, equals, text = step.arguments.partition("=")
    name = name.strip().lstrip("_")
    if not equals:
        return walker.on(state)
    if found := re.fullmatch(r"\s*\$\{\s*CURL\((.*)\)\s*\}\s*", text, re.DOTALL):
        return _curl(walker, step, state, name, found[1])
    value = walker.value(text, state)
    upper = name.upper()
    if upper == "CALLERID(NAME)":
        return _prefix(walker, step, state, value)
    if upper.startswith(("CALLERID", "CONNECTEDLINE")):
        walker.draft.say("lost", walker.where(step), f"{name} is set to “{text}”; a plan shows the caller's own number")
        return walker.on(state)
    if upper.startswith(("CURLOPT", "TIMEOUT", "ARG")) or re.fullmatch(r"[A-Za-z0-9_]+", name):
        return _assign(walker, step, state, name, value)
    if found := re.fullmatch(r"GLOBAL\((.*)\)", name):
        return _assign(walker, step, state, found[1], value)
    if not upper.startswith(("CDR", "CHANNEL", "HASH", "MASTER_CHANNEL", "SHARED")):
        walker.draft.say("lost", walker.where(step), f"Set({step.arguments}) has no counterpart")
    return walker.on(state)


def _assign(walker: Walker, step: Step, state: State, name: str, value: Value) -> list[Item]:
    if constant(value) is not None:
        return walker.on(state.setting(name, value))
    if len(value) == 1 and isinstance(value[0], Ref):
        return walker.on(state.setting(name, value))
    text = template(value)
    if text is None or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name) or name in CALL_DATA:
        what = unknown(value) or step.arguments
        walker.draft.say("lost", walker.where(step), f"{name} gets a value that a plan cannot work out: {what}")
        return walker.on(state.setting(name, value))
    return [{"set": {"name": name, "value": text}}, *walker.on(state.setting(name, (Ref(name),)))]


def _prefix(walker: Walker, step: Step, state: State, value: Value) -> list[Item]:
    """A text before the caller's name on the phones' display."""
    text = value[0].strip(" :-") if value and isinstance(value[0], str) else ""
    rest = [part for part in value if not isinstance(part, str)]
    if not text or not rest:
        walker.draft.say("lost", walker.where(step), "the caller's name is replaced; a plan puts a text before it")
        return walker.on(state)
    return [{"prefix": {"text": text[:20]}}, *walker.on(state)]


def _curl(walker: Walker, step: Step, state: State, name: str, call: str) -> list[Item]:
    """`Set(x=${CURL(url)})` is what a webhook does."""
    where, draft = walker.where(step), walker.draft
    address, *posted = [part.strip('"') for part in arguments(call, most=2)]
    url = template(walker.value(address, state))
    if url is None or not re.match(r"https?://", url):
        draft.say("lost", where, f"the URL {address} cannot be said in a plan; {name} stays unset")
        return walker.on(state)
    count = walker.variables[name] = walker.variables.get(name, 0) + 1
    variable = re.sub(r"[^A-Za-z0-9_]", "_", name) + (f"_{count}" if count > 1 else "")
    webhook: dict[str, Any] = {"method": "POST" if posted else "GET", "url": url, "save_as": variable}
    known = dict(state.known)
    limits = [constant(known.get(f"CURLOPT({one})", ())) for one in ("httptimeout", "conntimeout")]
    if limit := next((one for one in limits if one and one.isdigit()), None):
        webhook["timeout"] = min(10, max(1, int(limit)))
    else:
        draft.say("changed", where, "CURL() waits as long as the server likes; the webhook waits 2 seconds")
    if posted:
        draft.say("changed", where, f"the server gets the twelve fields as JSON in place of “{posted[0]}”")
    if "{caller_number}" in url or "{callee_number}" in url:
        draft.say(
            "changed", where, "numbers in the URL are in E.164 without + (31612345678), however the call brought them"
        )
    return [{"webhook": webhook}, *walker.on(state.setting(name, (Ref(variable),)))]


def _playback(walker: Walker, step: Step, state: State) -> list[Item]:
    files = arguments(step.arguments)[0]
    announced = [announcement(walker, name, step, state) for name in files.split("&") if name.strip()]
    return [*(item for item in announced if item), *walker.on(state)]


def announcement(walker: Walker, name: str, step: Step, state: State) -> Item | None:
    """A sound that is played; None where only the call can tell which."""
    file = walker.fixed(name, state)
    if file is None:
        walker.draft.say("lost", walker.where(step), f"the sound {name} is known only during a call")
        return None
    walker.draft.say("todo", "", f"copy the sound {file} to {sound(file)} beside the plan")
    return {"announce": {"file": sound(file)}}


def sound(name: str) -> str:
    """The file of a sound: Asterisk leaves the ending away."""
    bare = name.strip().lstrip("/").replace("/", "-")
    return bare if re.search(r"\.(wav|mp3|ogg)$", bare) else f"{bare}.wav"


def _hangup(walker: Walker, step: Step, state: State) -> list[Item]:
    cause = walker.fixed(step.arguments, state) or ""
    return [{"hangup": {"cause": int(cause)}}] if cause.isdigit() and 1 <= int(cause) <= 127 else END


def _busy(walker: Walker, step: Step, state: State) -> list[Item]:
    return [{"hangup": {"cause": 17}}]


def _congestion(walker: Walker, step: Step, state: State) -> list[Item]:
    return [{"hangup": {"cause": 34}}]


def _voicemail(walker: Walker, step: Step, state: State) -> list[Item]:
    boxes = [one.partition("@")[0] for one in arguments(step.arguments)[0].split("&")]
    box = walker.fixed(boxes[0], state)
    if not box or not re.fullmatch(r"\d{1,6}", box):
        walker.draft.say("lost", walker.where(step), f"the voicemail box {boxes[0]} is no number that is known")
        return walker.on(state)
    if len(boxes) > 1:
        walker.draft.say("lost", walker.where(step), "a message goes into the first box only")
    return [{"voicemail": {"box": box_of(walker, box)}}, *END]


def box_of(walker: Walker, mailbox: str) -> str:
    """The voicemail box for a mailbox of Asterisk, which may have the number of a user; a plan's may not."""
    boxes = walker.draft.voicemail_boxes
    if mailbox not in boxes:
        number = walker.draft.free_number(5) if mailbox in walker.draft.taken else mailbox
        walker.draft.taken.add(number)
        boxes[mailbox] = {"name": f"Voicemail {mailbox}", "number": number}
    return boxes[mailbox]["number"]


def _queue(walker: Walker, step: Step, state: State) -> list[Item]:
    name = walker.fixed(arguments(step.arguments)[0], state)
    if not name:
        walker.draft.say("lost", walker.where(step), "which queue it is, only the call can tell")
        return walker.on(state)
    queues = walker.draft.queues
    if name not in queues:
        queues[name] = {"name": name, "number": walker.draft.free_number(4)}
        walker.draft.say("todo", walker.where(step), f"give the queue {name} its agents")
    return [{"queue": {"number": queues[name]["number"]}}, *walker.on(state)]


def _choice(text: str) -> tuple[str, str, str]:
    """`test?yes:no` taken apart."""
    test, *ways = arguments(text, "?", most=2)
    if not ways:
        return test, "", ""
    yes, *no = arguments(ways[0], ":", most=2)
    return test, yes, no[0] if no else ""


APPLICATIONS: dict[str, Translate] = dict.fromkeys(_NOTHING, _nothing) | {
    "goto": _goto,
    "gotoif": _goto_if,
    "gotoiftime": _goto_if_time,
    "execif": _exec_if,
    "execiftime": _exec_if_time,
    "gosub": _gosub,
    "gosubif": _gosub_if,
    "macro": _macro,
    "return": _return,
    "macroexit": _return,
    "set": _set,
    "playback": _playback,
    "controlplayback": _playback,
    "background": background,
    "waitexten": wait_exten,
    "dial": dial,
    "queue": _queue,
    "voicemail": _voicemail,
    "hangup": _hangup,
    "busy": _busy,
    "congestion": _congestion,
}
