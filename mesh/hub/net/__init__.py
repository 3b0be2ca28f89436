"""The network of a desktop: interfaces, sockets, DNS-SD on each of them."""
