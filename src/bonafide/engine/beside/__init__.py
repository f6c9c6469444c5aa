"""What is tried beside the bundle that decides: a challenger that votes on the same answers, and whom it decides for.

`arms` draws subjects into arms and remembers them, `voice` is one bundle ready to speak, `challenger` votes, `beside`
is the whole as the engine sees it. docs/trials.md is the reference for people.
"""
