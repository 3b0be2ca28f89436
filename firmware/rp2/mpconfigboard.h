#include "boards/@MICROPYTHON@/mpconfigboard.h"
