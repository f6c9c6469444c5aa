"""Merchants: reviewed when they apply and again when what they are changes; nobody is refused by a machine."""
