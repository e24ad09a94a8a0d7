"""How calls reach us: the exchanges that a driver speaks to."""
