"""The way to servers: addresses, connections, and calls over each protocol."""
