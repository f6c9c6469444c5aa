"""Trace: the way that money went, and who shares what with whom, from what a replay left."""
