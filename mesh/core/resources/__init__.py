"""The resources of a peer, and the server that answers requests for them."""
