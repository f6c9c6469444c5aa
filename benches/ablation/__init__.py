"""What each family of signals is worth: the shipped rules, one layer of what they need after the other."""
