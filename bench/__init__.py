"""Speed, as ratios against a baseline measured in the same run. Never a test: machines differ."""
