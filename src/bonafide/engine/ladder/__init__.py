"""The ladder: how measures escalate with offences, step back down, and decay with time.

`declared` is ladder.yaml as it is written, `tables` what is wrong with its tables, `rules` what it comes to, `standing` is what is remembered of one subject, `records` what the log's records do to it,
`steps` what an offence bears, `proposing` what is proposed, `standings` the bounded table of all, `ladder` the whole as
the engine sees it, `wording` what the person concerned is told. docs/ladder.md is the reference for people.
"""
