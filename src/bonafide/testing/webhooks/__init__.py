"""A drill of the outbox: receivers that behave as badly as can be, over real sockets, and what becomes of messages.

`python -m bonafide.testing.webhooks` runs all of it and prints a table; docs/outbox.md says what is promised.
"""
