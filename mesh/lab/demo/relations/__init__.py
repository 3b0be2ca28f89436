"""`mesh demo --relations`: five peers agree on things, and do what they said."""
