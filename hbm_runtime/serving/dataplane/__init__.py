"""Answers to the calls of both protocols."""
