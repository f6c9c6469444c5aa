"""What the simulator's knobs do to the realism gates."""
