"""Values for the inputs of models, for `cli` and `compare`: from pictures, from files of numbers, or random."""
