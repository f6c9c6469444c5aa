"""Thresholds and rule weights searched for: money saved against honest people disturbed."""
