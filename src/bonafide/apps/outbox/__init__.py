"""The outbox at work: a thread that reads the log and sends what follows from it."""
