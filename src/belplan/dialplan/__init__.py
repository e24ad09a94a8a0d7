"""The dial plan: what a caller walks through, as data.

Nothing here does I/O, and nothing here knows which apps exist.
"""
