"""Champion and challengers over the same log: what changes, and what comes of it."""
