"""The models that are served: loading, describing, counting, uploads."""
