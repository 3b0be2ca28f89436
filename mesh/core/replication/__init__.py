"""Replication of feeds: neighbours, gossip, catch-up, backfill, publishing."""
