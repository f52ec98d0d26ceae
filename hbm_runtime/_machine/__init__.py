"""The machine and its parts: devices, board, engine, versions."""
