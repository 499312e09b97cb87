"""Training runs: loop, checkpoints, adapters, loss curves."""
