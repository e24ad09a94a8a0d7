"""Where an item takes a call that does not just go on below it."""

from dataclasses import dataclass
from typing import Literal

from belplan.dialplan.check.findings import Findings
from belplan.dialplan.company import DialPlan
from belplan.dialplan.places import Spot, Top


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a call goes in: the route of a dial plan, or the Start route of a context of a menu."""

    kind: Literal["dial_plan", "start"]
    owner: int
    context: str = ""


class Moves:
    """The ways between the dial plans and menus of a company."""

    def __init__(self, findings: Findings) -> None:
        company = findings.company
        self._findings = findings
        self._plans = {plan.name: index for index, plan in reversed(list(enumerate(company.dial_plans)))}
        self._menus = {menu.name: index for index, menu in reversed(list(enumerate(company.ivr_menus)))}

    def target(self, top: Top, spot: Spot) -> Entrance | None:
        """Where the item moves a call to. None where it does not, or where that does not exist."""
        company = self._findings.company
        for ref in spot.app.refers():
            if not self._findings.written(spot, ref.field):
                continue
            if ref.kind == "number" and isinstance(plan := company.destination(ref.name), DialPlan):
                return Entrance("dial_plan", self._plans[plan.name])
            if ref.kind == "dial_plan" and ref.name in self._plans:
                return Entrance("dial_plan", self._plans[ref.name])
            if ref.kind == "menu" and ref.name in self._menus:
                index = self._menus[ref.name]
                return Entrance("start", index, company.ivr_menus[index].start)
            if ref.kind == "context" and top.in_menu and ref.name in company.ivr_menus[top.owner].contexts:
                return Entrance("start", top.owner, ref.name)
        return None

    def leaves(self, top: Top, spot: Spot) -> bool:
        """Whether the item takes a call to another dial plan for good, without being a goto: a connect to one."""
        return any(
            ref.kind == "number" and isinstance(self._findings.company.destination(ref.name), DialPlan)
            for ref in spot.app.refers()
            if self._findings.written(spot, ref.field)
        )
