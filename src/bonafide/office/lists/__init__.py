"""Lists of the office: who is allowed, blocked or watched, until when, why, and by whom."""
