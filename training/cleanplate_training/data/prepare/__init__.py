"""From sources to shards at training size: drop copies, cut, compose, split, and say how many survive each step."""
