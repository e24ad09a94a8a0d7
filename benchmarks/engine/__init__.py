"""The engine alone: Asterisk is replaced by what it said in real calls, so that only the engine is measured."""
