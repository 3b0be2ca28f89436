# @MICROPYTHON@ as its maker has it, with this firmware, and without the responder of host names
# that holds UDP port 5353.
include(${MICROPY_PORT_DIR}/boards/@MICROPYTHON@/mpconfigboard.cmake)
set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/../manifest.py)
set(MICROPY_BOARD_PINS ${MICROPY_PORT_DIR}/boards/@MICROPYTHON@/pins.csv)
# lwipopts.h beside this file is found before the port's
include_directories(BEFORE ${CMAKE_CURRENT_LIST_DIR}/lwip)
