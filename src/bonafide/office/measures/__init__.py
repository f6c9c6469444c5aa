"""Measures: what decisions propose becomes what the platform is asked for, what is in force, and what has ended."""
