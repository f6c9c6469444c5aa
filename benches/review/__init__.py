"""Does it pay to look where `bonafide review-sample` points? `python -m benches.review` measures it against chance."""
