"""Records that the office wants in the log: verdicts of people, where measures stand, answers and appeals."""
