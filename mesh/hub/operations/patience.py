"""Time-outs of commands, in seconds: for discovery, and for responses."""

DISCOVER_S = 3.0  # time in which all reachable peers are found
ANSWER_S = 5.0
