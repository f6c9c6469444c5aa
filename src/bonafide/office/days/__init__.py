"""What each day held, counted as the log is followed: decisions, scores, alerts, and what merchants took in."""
