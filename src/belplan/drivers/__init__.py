"""How calls reach us: one package for each way."""
