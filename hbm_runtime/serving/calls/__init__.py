"""One call of either protocol: its tensors, parameters and memory, and its wait for a place."""
