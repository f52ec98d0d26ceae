"""Models of one machine for programs on others: the server, and the client behind `hbm_runtime.connect`."""
