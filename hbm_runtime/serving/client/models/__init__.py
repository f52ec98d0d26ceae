"""The models of servers: their metadata, and loading and unloading."""
