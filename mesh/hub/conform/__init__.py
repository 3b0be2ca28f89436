"""Conformance tests of a peer against docs/protocol.md: a file for each of its sections."""
