"""Relations between equals: agreements and promises, computed by each peer from the record."""
