"""Appeals against measures, and answers to requests for information, with what was handed in."""
