"""Two periods of decisions compared: inputs, scores, what scores meant, and how many alerts there were."""
