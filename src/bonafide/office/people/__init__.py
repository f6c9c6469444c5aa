"""People of the office: who may sign in, how they prove who they are, their sessions, and who may do what."""
