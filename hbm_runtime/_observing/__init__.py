"""What is measured and told of runs: times, loads, statistics, log lines."""
