"""Firmware is built once; tests take copies."""

from firmware_fixtures import built, coap_client

__all__ = ["built", "coap_client"]
