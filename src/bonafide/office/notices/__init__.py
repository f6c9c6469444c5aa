"""Notices: what somebody is told of a measure, in Chinese and English, and when."""
