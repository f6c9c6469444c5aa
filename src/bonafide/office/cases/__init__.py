"""Cases: one unit of human review each, opened from decisions that alert, decided by people."""
