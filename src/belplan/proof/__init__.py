"""Proof: every way through a company's plans, and what is true of all of them."""

from belplan.proof.prove import Proof, prove

__all__ = ["Proof", "prove"]
