"""Several bundles over one state: the log is walked once with the features of all, and each bundle votes on its own."""
