"""The audit log: who did what, on what, when, from where and how it ended, so that no later change stays unseen."""
