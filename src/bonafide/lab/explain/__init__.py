"""`explain`: why an event was decided on as it was, from what a replay left."""
