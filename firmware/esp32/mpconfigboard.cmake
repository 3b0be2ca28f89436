# @MICROPYTHON@ as its maker has it, with this firmware.
include(boards/@MICROPYTHON@/mpconfigboard.cmake)
set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/../manifest.py)
