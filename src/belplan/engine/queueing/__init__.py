"""Queues: callers wait, in order, for the agents that are at work.

`line_up` decides who is offered to whom, and does nothing; `lines` joins it to time and to the company's memory;
`place` rings the agents for one caller; `waiting` is what that caller goes through; `views` is for people who look on.
"""
