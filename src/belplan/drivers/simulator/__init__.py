"""An exchange that exists only in memory: the same engine, phones that do as they are told, virtual time."""

from belplan.drivers.simulator.exchange import Reaction, SimulatedDialling, SimulatedExchange
from belplan.drivers.simulator.leg import SimulatedLeg

__all__ = ["Reaction", "SimulatedDialling", "SimulatedExchange", "SimulatedLeg"]
