"""Schemes that turn a line of credit into cash: what each shows in data, at the level of its published traces.

A scheme is a small class that says how its rounds look; `rounds` plays any of them, and `rings` are the means behind
them. A file holds a family. None of it knows how cash-out is detected.
"""
