"""What lives as long as the process: models, queues, the store."""
