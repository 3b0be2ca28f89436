"""CoAP over TCP (RFC 8323)."""
