"""The drills: what happens to a server, what it had promised before, what of that still holds afterwards.

`python -m bonafide.testing.reliability --out RELIABILITY.md` runs them and writes what they found; `--sampled` runs
fewer trials of each. `make drill` runs the same as tests.
"""
