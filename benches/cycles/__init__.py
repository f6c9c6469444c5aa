"""Cycles of money that AMLSim planted: how they look, and who finds the accounts in them."""
