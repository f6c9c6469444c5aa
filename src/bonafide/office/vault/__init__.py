"""The vault: the only place of subjects' clear data; encrypted, under holds and retention, until it is forgotten."""
