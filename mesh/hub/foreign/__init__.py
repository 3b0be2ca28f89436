"""CoAP with servers that are no mesh peers: requests to any, lenient decoding of responses."""
