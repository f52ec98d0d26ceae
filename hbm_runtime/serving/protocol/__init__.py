"""Facts of the Open Inference Protocol that server and client share."""
