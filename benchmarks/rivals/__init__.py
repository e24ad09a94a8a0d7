"""Belplan beside Asterisk's own CURL(), FastAGI in Python, and a bare ARI client as the floor: the same work."""
