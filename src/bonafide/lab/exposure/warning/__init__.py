"""Early warning: who is about to be gone with the money, by points over the bundle's own features."""
