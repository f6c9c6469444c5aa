"""Training: from a log and the labels that had arrived, to a model in a bundle and a card that says what it can do."""
