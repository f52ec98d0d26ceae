"""What a runtime is made from: files, buffers, options."""
