"""An exchange that exists only in memory: the same engine, phones that do as they are told, virtual time."""

from belplan.drivers.simulator.exchange import Reaction, SimulatedDialling, SimulatedExchange
from belplan.drivers.simulator.leg import Press, SimulatedLeg
from belplan.drivers.simulator.scripted import Asked, Reply, ScriptedSender

__all__ = [
    "Asked", "Press", "Reaction", "Reply", "ScriptedSender", "SimulatedDialling", "SimulatedExchange", "SimulatedLeg",
]  # fmt: skip
