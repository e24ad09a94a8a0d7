"""Examinations: what a plan would do, asked of a server. Scenarios, replay, proof, drill, learned answers, shadow.

They reckon for seconds or minutes, so each is a process of its own at the lowest priority (`worker`); `jobs` starts,
follows and stops them. The calls that the server takes meanwhile notice nothing.
"""
