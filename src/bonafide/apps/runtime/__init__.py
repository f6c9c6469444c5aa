"""The runtime: one engine and one journal in one process; what is answered is on disk, and comes back."""
