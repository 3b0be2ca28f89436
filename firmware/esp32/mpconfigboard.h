#include "boards/@MICROPYTHON@/mpconfigboard.h"

// Without both, the mdns component is never started, and UDP port 5353 is free.
#define MICROPY_HW_ENABLE_MDNS_QUERIES (0)
#define MICROPY_HW_ENABLE_MDNS_RESPONDER (0)
