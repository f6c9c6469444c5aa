"""Funds: where the credit's money went, and whether it came home.

A completed credit payment leaves a *tag* at its merchant: its payer, its amount, and the way it went. Whatever moves
money from there may carry tags on; a tag that reaches an account of its payer has come home, and when at least half of
a payment has, its loop is closed. What each movement may carry, and every bound, is docs/funds.md; `testing.funds_twin`
obeys the same law the obvious way.
"""
