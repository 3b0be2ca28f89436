# cython: language_level=3, boundscheck=False, wraparound=False
"""A batch of an emulated RP2040's instructions, near the chip's own speed (thumb.h)."""

import time

from libc.stdint cimport int64_t, uint8_t, uint32_t
from rp2040py.native._cortex_m0_core cimport CortexM0Core
from rp2040py.native._pio cimport RPPIO
from rp2040py.native._rp2040 cimport RP2040
from rp2040py.native._simulation_clock cimport SimulationClock

cdef extern from "thumb.h":
    ctypedef struct Mem:
        uint8_t *sram
        uint8_t *flash
        uint8_t *rom

    int fast_run(uint32_t *r, int *pn, int *pz, int *pc_, int *pv, const Mem *m, int64_t budget,
                 int64_t *spent, int64_t *count) noexcept

cdef double NANOS = 8.0  # of one cycle, at 125 MHz
cdef int64_t MOST = 100000  # cycles in one go
cdef int64_t LONGEST = 3  # cycles more than asked for, by the last instruction


cdef int run(CortexM0Core core, Mem *m, int64_t budget, int64_t *spent, int64_t *count):
    """Run for so many cycles; 1 if the fast interpreter gave up in front of an instruction."""
    cdef int n = core.n, z = core.z, c = core.c, v = core.v
    cdef int gave = fast_run(<uint32_t *> &core.registers[0], &n, &z, &c, &v, m, budget, spent,
                             count)
    core.n = n
    core.z = z
    core.c = c
    core.v = v
    return gave


cdef void advance(RPPIO pio0, RPPIO pio1, long long cycles):
    """Let the state machines run for so many cycles."""
    if not pio0.stopped:
        pio0.advance(cycles)
    if not pio1.stopped:
        pio1.advance(cycles)


cdef int64_t cycles_until(SimulationClock clock, RPPIO pio0, RPPIO pio1):
    """Cycles for which nothing but the processor has anything to do, MOST at most."""
    cdef int64_t least = MOST
    if clock.has_scheduled_alarm:
        least = min(least, <int64_t> (clock.nanos_to_next_alarm / NANOS))
    if not pio0.stopped:
        least = min(least, <int64_t> ((pio0.next_due_fp - pio0.cycle_fp) >> 8))
    if not pio1.stopped:
        least = min(least, <int64_t> ((pio1.next_due_fp - pio1.cycle_fp) >> 8))
    return least


def batch(simulator, double seconds):
    """Run until `simulator.stopped`, or for so many seconds of real time. For how many nanoseconds
    of the chip's time the processor waited for an interrupt.
    """
    cdef RP2040 rp2040 = simulator.rp2040
    cdef CortexM0Core core = rp2040.core
    cdef SimulationClock clock = simulator.clock
    cdef RPPIO pio0 = rp2040.pio[0]
    cdef RPPIO pio1 = rp2040.pio[1]
    cdef Mem m
    cdef int gave
    cdef int64_t spent, count, budget
    cdef long long cycles
    cdef double idle, waited = 0, end = time.monotonic() + seconds
    cdef long i = 0
    if rp2040.run_pin_low:
        return waited
    m.sram = &rp2040._sram[0]
    m.flash = &rp2040._flash[0]
    m.rom = <uint8_t *> &rp2040._bootrom[0]
    while not simulator.stopped:
        i += 1
        if (i & 255) == 0 and time.monotonic() > end:
            break
        if core.waiting:  # for an interrupt: on to the next alarm
            idle = clock.nanos_to_next_alarm
            waited += idle
            clock.tick(idle)
            advance(pio0, pio1, <long long> (idle / NANOS) or 1)
            continue
        if not core.interrupts_updated and core.ipsr == 0 and not core.pm:
            budget = cycles_until(clock, pio0, pio1)
            if budget > LONGEST + 1:
                gave = run(core, &m, budget - LONGEST, &spent, &count)
                core.cycles += spent
                if spent:
                    clock.tick(spent * NANOS)
                    advance(pio0, pio1, spent)
                if not gave or core.interrupts_updated:
                    continue
        cycles = core.execute_instruction()
        clock.tick(cycles * NANOS)
        advance(pio0, pio1, cycles)
    return waited
