// The port's options without the responder: UDP port 5353, and one of five control blocks, are free.
#include "lwip_inc/lwipopts.h"

#undef LWIP_MDNS_RESPONDER
#define LWIP_MDNS_RESPONDER 0
