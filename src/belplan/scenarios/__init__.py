"""Scenarios: dial plans tested like software. A call, what everybody does, and what is to come of it.

`source` reads a file, `against` holds it against its plan, `run` plays it on the simulator in virtual
time, `compare` says in what the call differed, `report` shows it, `record` writes a scenario from a call.
"""
