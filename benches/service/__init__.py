"""The service as a whole: how much it takes, how fast it answers, and whether it stays so."""
