"""Walking a dial plan with a call: the engine knows calls, legs and time, not how calls reach it."""
