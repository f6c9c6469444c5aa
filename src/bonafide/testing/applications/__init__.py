"""Applications made up from seeds, with what is wrong with each, and how well a review finds it."""
