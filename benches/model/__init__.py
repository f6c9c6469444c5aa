"""Whether the model earns its keep: beside boosted trees on what everybody has, on logs that nothing was tuned on."""
