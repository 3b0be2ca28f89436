"""Discovery of peers: contacts, liveness, DNS-SD, group discovery."""
