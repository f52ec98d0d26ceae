"""What models and their tensors are like."""
