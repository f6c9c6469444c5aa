"""Honest life: what people and shops do every day, and the honest trade that looks like cash-out."""
