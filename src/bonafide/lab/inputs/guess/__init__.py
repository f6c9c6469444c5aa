"""Guessing how a foreign file is mapped, from its names and its values."""
