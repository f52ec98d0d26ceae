"""The gRPC half of the protocol."""
