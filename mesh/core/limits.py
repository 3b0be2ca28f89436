"""Caps and time constants, with a board's values; a desktop raises some."""


class Limits:
    """Caps and time constants of one peer. Sizes in bytes, times in ms, the rest counts."""

    # CoAP transmission (RFC 7252 s.4.8 lets a deployment choose). For a LAN:
    ack_timeout_ms = 1000
    ack_spread_pct = 25  # ACK_RANDOM_FACTOR 1.25
    max_retransmit = 3
    # with MAX_LATENCY 0.5 s: MAX_TRANSMIT_SPAN 8.75 s, EXCHANGE_LIFETIME 10.75 s, and so 5,715 ids
    # a second (of 65,536, 4,096 are kept for answers to strangers)
    exchange_lifetime_ms = 10_750
    nstart = 4  # requests at once to one address: an rp2 queues four datagrams
    leisure_ms = 500  # spread of answers to a group request (RFC 7252 s.8.2)
    datagram = 1024
    block_szx = 5  # blocks of 512 bytes (RFC 7959 s.2.2), so a block fits a datagram
    body = 4096  # the largest body taken apart or put together by blocks
    bodies = 2  # bodies kept for later blocks
    exchanges = 12  # requests remembered to recognise duplicates, half a KiB each
    outgoing = 16  # own requests without an answer yet
    remotes = 48  # addresses with state
    observers = 8
    unsigned_per_s = 20  # unsigned refusals and resets a second, in all
    verify_per_s = 8  # signatures of unproven addresses checked a second, in all
    proven_per_s = (
        4  # and of each peer that is followed or linked to (see mesh.core.security.budget)
    )
    # peers
    peers = 32
    candidates = 32  # addresses that were heard of and not verified yet
    peer_addresses = 4
    hello_per_s = 4  # first contacts a second
    check_ms = 20_000  # silence after which a peer is checked
    forget_ms = 3_600_000  # a lost peer is kept that long
    senders = 32  # replay windows
    window = 32  # replay window: counters below the highest that are accepted
    echo_ms = 30_000  # how long an Echo value is good
    # feeds
    tail = 128
    tail_bytes = 12_288  # bytes of the own feed's entries in memory
    foreign_tail = 8
    foreign_bytes = 512  # bytes of each other feed's; the newest entry stays whatever its size
    entry = 512
    run = 900  # bytes of one run, so that it fits a datagram
    head_ms = 5000  # shortest time between two heads
    links = 3  # neighbours chosen at random, where more than so many keep others' feeds
    lazy_ms = 1000  # delay of heads (IHAVE) of entries that another peer is expected to send
    graft_ms = 200  # longest random delay before a missing run is requested (GRAFT)
    # entries `seen` of a desktop
    seen_entries = 64  # by which a feed has grown since the last one; by one entry after 6 hours
    seen_ms = 120_000  # from one to the next, of five feeds each: 3,600 feeds a day
    # a desktop's store (mesh.hub.store.quota), for all strangers together
    strange_mb = 512
    strange_authors = 1024
    strange_sensors = 4096
    strange_kb_s = 64
    author_sensors = 256  # of any one author
    free_mb = 500  # of the disk, or a twentieth of it
    # updates of a board's firmware
    look_ms = 3_600_000  # how often a board looks for one, without a hint
    trial_ms = 600_000  # in which new firmware has to prove itself
    # discovery
    mdns_records = 96
    rejoin_ms = 120_000
    query_ms = 60_000

    def __init__(self, **changes: int) -> None:
        for name, value in changes.items():
            if not hasattr(self, name):
                raise AttributeError(name)
            setattr(self, name, value)
