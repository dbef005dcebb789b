"""The training process: prepares data, learns, checkpoints, evaluates; speaks to its parent in JSON lines."""
