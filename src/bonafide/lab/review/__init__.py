"""Which decisions people should look at next."""
