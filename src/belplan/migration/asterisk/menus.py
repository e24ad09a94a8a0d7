"""Background() and WaitExten(): menus. The extensions of one key are its keys; `i` and `t` are a wrong key and none."""

from dataclasses import replace

from belplan.migration.asterisk.conf import Step, arguments
from belplan.migration.asterisk.text import constant
from belplan.migration.asterisk.walk import END, State, Walker
from belplan.migration.draft import Item

KEYS = "1234567890*#"
RESPONSE = 10.0  # seconds: Asterisk's own, where neither WaitExten nor TIMEOUT(response) says another


def background(walker: Walker, step: Step, state: State) -> list[Item]:
    """A menu begins with what may be cut short by a key."""
    return _menu(walker, step, state)


def wait_exten(walker: Walker, step: Step, state: State) -> list[Item]:
    """A menu in which nothing more is said."""
    return _menu(walker, step, state)


def _menu(walker: Walker, step: Step, state: State) -> list[Item]:
    menus = walker.draft.ivr_menus
    known = tuple(pair for pair in state.known if pair[0] not in ("DIALSTATUS", "EXTEN", "CONTEXT"))
    key = (state.place, known, state.returns)
    if key not in menus:
        name = walker.draft.free_name(state.place.context, menus.values())
        menus[key] = {"name": name, "start": "start", "contexts": {"start": {}}}
        menus[key]["contexts"]["start"] = _context(walker, replace(state, menu=name, depth=0, seen=frozenset()))
    name = menus[key]["name"]
    if state.menu == name:
        return [{"goto": {"context": "start"}}]
    return [{"goto": {"menu": name}}] if state.menu else [{"menu": {"name": name}}, *END]


def _context(walker: Walker, state: State) -> Item:
    """What is said, for how long a key is waited for, and where keys lead."""
    said, seconds, after = _heard(walker, state)
    context: Item = {"timeout": seconds, "start": said} if said else {"timeout": seconds}
    here = state.place.context
    place = replace(state.place, priority=1)

    def goes(extension: str) -> list[Item] | None:
        if not walker.find(here, extension):
            return None
        return walker.walk(state.to(replace(place, extension=extension)))

    keys = {key: {"route": route} for key in KEYS if (route := goes(key)) is not None}
    if keys:
        context["keys"] = keys
    context["invalid"] = goes("i") or END
    context["no_input"] = (goes("t") or END) if after is None else walker.walk(after)
    _tell_of_more(walker, here, state)
    return context


def _heard(walker: Walker, state: State) -> tuple[list[Item], float, State | None]:
    """What is played up to the wait for a key, the seconds of that wait, and, without a wait, where it goes on."""
    from belplan.migration.asterisk.applications import announcement

    said: list[Item] = []
    found = walker.find(state.place.context, state.place.extension)
    response = constant(dict(state.known).get("TIMEOUT(response)", ())) or ""
    seconds = float(response) if response.replace(".", "", 1).isdigit() else RESPONSE
    while found and (step := found[0][2].steps.get(state.place.priority)):
        match step.application.lower():
            case "background" | "playback":
                names = [name for name in arguments(step.arguments)[0].split("&") if name.strip()]
                said += [item for name in names if (item := announcement(walker, name, step, state))]
            case "waitexten":
                given = walker.fixed(arguments(step.arguments)[0], state) or ""
                limit = float(given) if given.replace(".", "", 1).isdigit() else seconds
                return said, min(60.0, max(0.1, limit)), None
            case "wait" | "noop" | "answer" | "verbose":
                pass
            case _:
                return said, 0.1, state
        state = state.next()
    return said, 0.1, state


def _tell_of_more(walker: Walker, here: str, state: State) -> None:
    """Numbers of more than one key, which a menu of a plan does not take."""
    context = walker.file.contexts.get(here)
    if context is None:
        return
    names = [name for name in context.extensions if len(name) > 1 and (name[0].isdigit() or name.startswith("_"))]
    more = names + [f"what {include.context} has" for include in context.includes]
    if more:
        walker.draft.say("lost", f"context {here}", f"numbers that callers may type in the menu: {', '.join(more)}")
