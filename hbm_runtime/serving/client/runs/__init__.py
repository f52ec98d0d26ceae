"""Runs of models on servers: arguments, requests, profiles."""
