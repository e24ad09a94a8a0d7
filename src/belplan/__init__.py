"""Belplan: an open dial-plan server. Asterisk carries the calls, a plan decides, your webhook is asked."""

__version__ = "0.1.0"
