"""What the Python tests share: models made by code, checks, child processes."""
