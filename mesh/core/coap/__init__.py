"""CoAP: messages, retransmission, deduplication, block-wise transfer, requests, responses."""
