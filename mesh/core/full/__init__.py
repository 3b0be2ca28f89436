"""For desktops only: outgoing requests by number, and feeds with an archive."""
