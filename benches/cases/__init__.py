"""Cases: does one scheme arrive as one case, what does it cost to look, and how fast are lists of very many."""
