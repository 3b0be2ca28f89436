"""Bytes and values: deterministic CBOR, SenML, strict text, content formats."""
