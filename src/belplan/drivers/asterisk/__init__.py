"""Calls carried by Asterisk: its program, its configuration, and the driver that speaks ARI to it."""
