"""`mesh doctor`: finds what keeps a peer from working on this computer."""
