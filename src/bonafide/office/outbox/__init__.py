"""The outbox: alerts, measures and notices leave for those who must act on them (docs/outbox.md).

The journal is read from a cursor (`tail`), what is to leave becomes messages and deliveries in the office's store, and
a sender (`sender`) hands each to its receiver until it is taken. Nothing here decides anything.
"""
