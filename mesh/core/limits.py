"""Every cap and every time constant, with a board's values; a desktop raises what it can afford."""


class Limits:
    """Settings of one peer. Sizes in bytes, times in ms, the rest counts."""

    def __init__(self, **changes: int) -> None:
        # CoAP transmission (RFC 7252 s.4.8 lets a deployment choose). For a LAN:
        self.ack_timeout_ms = 1000
        self.ack_spread_pct = 25  # ACK_RANDOM_FACTOR 1.25
        self.max_retransmit = 3
        # with MAX_LATENCY 0.5 s: MAX_TRANSMIT_SPAN 8.75 s, EXCHANGE_LIFETIME 10.75 s, and so 5,715 ids a
        # second (of 65,536, 4,096 are kept for answers to strangers)
        self.exchange_lifetime_ms = 10_750
        self.nstart = 4  # requests at once to one address: an rp2 queues four datagrams
        self.leisure_ms = 500  # spread of answers to a group request (RFC 7252 s.8.2)
        self.datagram = 1024
        self.block_szx = 5  # blocks of 512 bytes (RFC 7959 s.2.2), so a block fits a datagram
        self.body = 4096  # the largest body taken apart or put together by blocks
        self.bodies = 4  # bodies kept for later blocks
        self.exchanges = 24  # remembered requests, for duplicates
        self.outgoing = 16  # requests of ours that are open
        self.remotes = 48  # addresses with state
        self.observers = 8
        self.unsigned_per_s = 20  # unsigned refusals and resets a second, in all
        self.verify_per_s = 8  # signatures of unproven addresses checked a second, in all
        # peers
        self.peers = 32
        self.candidates = 32  # addresses heard of and not yet proven
        self.peer_addresses = 4
        self.hello_per_s = 4  # first contacts a second
        self.check_ms = 20_000  # silence after which a peer is asked for a sign of life
        self.forget_ms = 3_600_000  # a lost peer is kept that long
        self.senders = 32  # replay windows
        self.window = 32  # counters below the highest that may still come
        self.echo_ms = 30_000  # how long an Echo value is good
        # feeds
        self.tail = 128
        self.foreign_tail = 8
        self.entry = 512
        self.run = 900  # bytes of one run, so that it fits a datagram
        self.head_ms = 5000  # at most one head in that time
        # discovery
        self.mdns_records = 96
        self.rejoin_ms = 120_000
        self.query_ms = 60_000
        for name, value in changes.items():
            if not hasattr(self, name):
                raise AttributeError(name)
            setattr(self, name, value)
