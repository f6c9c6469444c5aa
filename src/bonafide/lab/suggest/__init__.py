"""Short rules mined from labelled payments: a few conditions each, as people would write them."""
