"""Fitting what a bundle's model folder holds."""
