"""Ways to run models: requests, bound runs, queues, and their scheduling."""
