"""Access: the keys of machines, what each may send, and how a caller is told apart from a stranger."""
