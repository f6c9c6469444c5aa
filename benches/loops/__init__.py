"""Loops of money: what each bound of funds costs, and how much of what comes home is found and at what price."""
