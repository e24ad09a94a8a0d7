"""One step of all calls at a spot: the walk of belplan.engine.walker, over sets of calls."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from belplan.dialplan.company import Context, User
from belplan.dialplan.route import Route
from belplan.engine import position
from belplan.engine.app import Move
from belplan.proof.facts import EVER, Ring, Way, ring_number, ways
from belplan.proof.state import Cube, Frame, Spot, is_variable, without
from belplan.proof.world import World

LAST_RESORT = "company.last_resort"


@dataclass(frozen=True, slots=True)
class Edge:
    """A step that calls may take. `exit` is as in a trace; `path` "" is the end of the call, which is no step."""

    path: str
    app: str
    exit: str
    spot: Spot
    cube: Cube
    came: Cube
    """The calls that take the step, as they were known before what they leave behind was forgotten."""
    seconds: float = 0.0
    quiet: float = 0.0
    ring: Ring | None = None
    box: str = ""
    webhooks: int = 0
    limit: bool = False

    def bare(self) -> "Edge":
        """The step itself, whatever calls take it."""
        return replace(self, cube=(), came=())


@dataclass(frozen=True, slots=True)
class _Room:
    """A route that calls may be in."""

    route: Route
    scope: str
    name: str
    context: Context | None


class Steps:
    """The steps through the plans of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._rooms: dict[str, _Room] = {}

    def enter(self, number: str) -> Spot:
        """Where a call enters that dials a number of a dial plan or of somebody with a personal one."""
        company = self.world.company
        destination = company.destination(number)
        called = company.canonical(number) if self.world.by_entrance else ""  # else all of a plan's are alike
        if isinstance(destination, User) and destination.route.items:
            spot = Spot((), None, called, frozenset({destination.number}))
            return self._push(spot, position.user_frame(company, destination.number))
        if (plan := next((plan for plan in company.dial_plans if plan is destination), None)) is None:
            raise LookupError(f"nothing with a route has the number {number}")
        return self._settle(self._push(Spot((), plan.name, called), position.plan_frame(company, plan.name)), ())[0]

    def after(self, spot: Spot, cube: Cube) -> Iterator[Edge]:
        """The steps that the calls in a cube may take next."""
        if spot.phase == "end":
            yield from self._last_resort(spot, cube)
            return
        frame = spot.stack[-1]
        room = self._rooms[frame.path]
        if frame.item < len(room.route.items):
            item = room.route.items[frame.item]
            path = f"{frame.path}[{frame.item}].{item.app.app_name}"
            stack = (*spot.stack[:-1], frame._replace(item=frame.item + 1))
            for way in ways(self.world, spot, cube, item.app):
                yield self._left(path, item.app.app_name, spot._replace(stack=stack), way, item.app.branch(way.exit))
        elif room.context:
            yield from self._keys(spot, cube, frame, room.context)

    def limited(self, spot: Spot, cube: Cube) -> Edge:
        """Where a call goes on that goes in circles."""
        ended = spot._replace(stack=(), depth=0, phase="end")
        return Edge("", "", "limit", ended, without(cube, 0), cube, limit=True)

    def app_at(self, spot: Spot) -> tuple[str, str] | None:
        """The path and the app of the item that comes next."""
        if not spot.stack:
            return None
        frame = spot.stack[-1]
        items = self._rooms[frame.path].route.items
        if frame.item >= len(items):
            return None
        name = items[frame.item].app.app_name
        return f"{frame.path}[{frame.item}].{name}", name

    def context_at(self, path: str) -> Context | None:
        """The context of a menu, by the path of its wait for a key."""
        room = self._rooms.get(f"{path}.start")
        return room.context if room else None

    def _left(self, path: str, app: str, spot: Spot, way: Way, branch: tuple[str, Route] | None) -> Edge:
        spot = spot._replace(
            answered=spot.answered or way.answers,
            spoken=spot.spoken or way.speaks,
            rung=spot.rung or way.ring is not None or bool(way.box),
            late=spot.late or way.seconds > 0,
        )
        cube, webhooks = way.cube, way.webhooks
        if way.phase:
            spot, cube = spot._replace(stack=(), depth=0, phase=way.phase), ()
        elif way.move:
            spot, cube, early = self._move(spot, cube, way.move)
            webhooks += early
        elif branch:
            below = position.Frame(f"{path}.{branch[0]}", branch[1])
            spot = self._push(spot, below)
        spot, cube = self._settle(spot, cube)
        return Edge(path, app, way.exit, spot, cube, way.cube, way.seconds, way.quiet, way.ring, way.box, webhooks)

    def _move(self, spot: Spot, cube: Cube, move: Move) -> tuple[Spot, Cube, int]:
        company = self.world.company
        if move.context:
            stack = spot.stack
            while self._rooms[stack[-1].path].scope != "menu":
                stack = stack[:-1]
            frame = position.menu_frame(company, self._rooms[stack[-1].path].name, move.context)
            return self._push(spot._replace(stack=stack[:-1]), frame), cube, _early(frame)
        if not move.returns:
            spot, cube = spot._replace(stack=(), depth=0), without(cube, 0)
        if move.dial_plan:
            cube = tuple(pair for pair in cube if not is_variable(pair[0]))
            frame = position.plan_frame(company, move.dial_plan)
            return self._push(spot._replace(plan=move.dial_plan), frame), cube, _early(frame)
        if move.user:
            spot = spot._replace(personal=spot.personal | {move.user})
            return self._push(spot, position.user_frame(company, move.user)), cube, 0
        frame = position.menu_frame(company, move.menu)
        return self._push(spot._replace(depth=spot.depth + 1), frame), cube, _early(frame)

    def _push(self, spot: Spot, frame: position.Frame) -> Spot:
        if frame.path not in self._rooms:
            self._rooms[frame.path] = _Room(frame.route, frame.scope, frame.name, frame.context)
        return spot._replace(stack=(*spot.stack, Frame(frame.path, 0, frame.context is not None, frame.tries)))

    def _settle(self, spot: Spot, cube: Cube) -> tuple[Spot, Cube]:
        """Leave the routes that are at their end."""
        if spot.phase != "walk":
            return spot, cube
        stack, depth = spot.stack, spot.depth
        while stack and stack[-1].item >= len((room := self._rooms[stack[-1].path]).route.items):
            if stack[-1].keys and room.context:
                break
            depth -= room.scope == "menu"
            stack = stack[:-1]
        if depth != spot.depth:
            cube = without(cube, depth)
        return spot._replace(stack=stack, depth=depth, phase="walk" if stack else "end"), cube

    def _keys(self, spot: Spot, cube: Cube, frame: Frame, context: Context) -> Iterator[Edge]:
        path = frame.path.removesuffix(".start")
        leaves = [*context.keys, "no_input"]
        if len(context.keys) < 12:
            leaves.append("invalid")
        for leave in leaves:
            over = leave in context.keys or frame.tries == 1
            again = frame._replace(keys=False) if over else frame._replace(item=0, tries=frame.tries - 1)
            after = spot._replace(stack=(*spot.stack[:-1], again), late=True)
            if keyed := position.key_frame(path, context, leave):
                after = self._push(after, keyed)
            after, left = self._settle(after, cube)
            yield Edge(path, "menu", leave, after, left, cube, context.timeout, quiet=context.timeout)

    def _last_resort(self, spot: Spot, cube: Cube) -> Iterator[Edge]:
        company = self.world.company
        ended = spot._replace(phase="ended")
        number = company.settings.last_resort
        if not number:
            yield Edge("", "", "ended", ended, (), cube)
            return
        for way in ring_number(self.world, cube, company.canonical(number)):
            edge = self._left(LAST_RESORT, "connect", spot, way, None)
            yield edge if edge.spot.over else replace(edge, spot=edge.spot._replace(phase="ended"), cube=())


def _early(frame: position.Frame) -> int:
    """How many webhooks begin with a route."""
    return sum(1 for _ in position.early_items(frame))


__all__ = ["EVER", "LAST_RESORT", "Edge", "Steps"]
