"""The parts of a running process: store, models, queues."""
