"""The ladder: how measures escalate with offences, step back down, and decay with time.

`declared` is ladder.yaml as it is written, `tables` what is wrong with its tables, `rules` what it comes to. `standing`
is what is remembered of one subject, `records` what the log's records do to it, `proposing` what is proposed,
`standings` the bounded table of all, `ladder` the whole as the engine sees it, `follow` its part in a batch, `wording`
what the person concerned is told. docs/ladder.md is the reference for people.
"""
