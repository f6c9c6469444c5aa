"""Boosted trees as plain arrays: read from LightGBM's text, kept without pickle, walked eight at a time."""
