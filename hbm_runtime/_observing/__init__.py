"""What is measured and reported of runs: times, loads, statistics, log lines."""
