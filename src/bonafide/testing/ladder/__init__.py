"""The ladder, held to its promises: a twin that finds every answer from the beginning of the history, random histories,
and the promises themselves, looked for in what the engine answers.

`python -m bonafide.testing.ladder --histories 100000` plays that many and says what was proposed and what was broken.
"""
