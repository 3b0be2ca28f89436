/* Runs ARMv6-M (Thumb) instructions over plain memory: RAM, flash and boot ROM of an RP2040.
 *
 * It gives up in front of whatever is more than that (peripherals, exceptions, special registers,
 * unaligned addresses), with all registers as they were: rp2040py's own interpreter does that one
 * instruction. Cases are numbered by the first five bits of an instruction, as in the ARMv6-M
 * Architecture Reference Manual, A5.2.
 */
#include <stdint.h>
#include <string.h>

/* Memories of 264 KiB, 16 MiB and 16 KiB. */
typedef struct {
    uint8_t *sram, *flash, *rom;
} Mem;

/* Where an address is that may be read, `size` bytes of it; 0 if it is no plain memory. */
static inline uint8_t *at(const Mem *m, uint32_t a, uint32_t size) {
    uint32_t o = a - 0x20000000u;
    if (o <= 0x42000u - size) return m->sram + o;
    o = a - 0x10000000u;
    if (o <= 0x1000000u - size) return m->flash + o;
    if (a <= 0x4000u - size) return m->rom + a;
    return 0;
}
/* The same for one that may be written: RAM alone. */
static inline uint8_t *atw(const Mem *m, uint32_t a, uint32_t size) {
    uint32_t o = a - 0x20000000u;
    if (o <= 0x42000u - size) return m->sram + o;
    return 0;
}
static inline uint32_t r32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}
static inline uint32_t r16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}
static inline void w32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }
static inline void w16(uint8_t *p, uint32_t v) {
    uint16_t x = v;
    memcpy(p, &x, 2);
}
/* give up in front of this instruction */
#define BAIL goto bail
/* flags of a result */
#define NZ(x)                                                                                     \
    do {                                                                                          \
        uint32_t x_ = (x);                                                                        \
        n = x_ >> 31;                                                                             \
        z = x_ == 0;                                                                              \
    } while (0)
/* res = x + y, or x - y, with all flags */
#define ADD(x, y)                                                                                 \
    do {                                                                                          \
        res = (x) + (y);                                                                          \
        c = res < (x);                                                                            \
        v = (~((x) ^ (y)) & ((x) ^ res)) >> 31;                                                   \
        NZ(res);                                                                                  \
    } while (0)
#define SUB(x, y)                                                                                 \
    do {                                                                                          \
        res = (x) - (y);                                                                          \
        c = (x) >= (y);                                                                           \
        v = (((x) ^ (y)) & ((x) ^ res)) >> 31;                                                    \
        NZ(res);                                                                                  \
    } while (0)
/* the low register with its number at this bit of the instruction */
#define LO(s) r[(op >> (s)) & 7]

/* Run for `budget` cycles: 0; or 1 if it gave up in front of an instruction. `r`: 16 registers;
 * `pn`, `pz`, `pc_`, `pv`: the flags. `spent`: cycles (ARM DDI 0484, table 3-1: with the RP2040's
 * memory without wait states), `count`: instructions. */
static int fast_run(uint32_t *r, int *pn, int *pz, int *pc_, int *pv, const Mem *m, int64_t budget,
                    int64_t *spent, int64_t *count) {
    int n = *pn, z = *pz, c = *pc_, v = *pv;
    int64_t cyc = 0, cnt = 0;
    uint32_t pc = r[15];
    int gave = 1;
    while (cyc < budget) {
        uint8_t *ip = at(m, pc, 2);
        if (!ip || (pc & 1)) BAIL;
        uint32_t op = r16(ip), next = pc + 2, a, b, res;
        uint8_t *p;
        int cost = 1;
        switch (op >> 11) {
        /* lsls, by a number */
        case 0:
            a = LO(3);
            b = (op >> 6) & 31;
            if (b) {
                c = (a >> (32 - b)) & 1;
                a <<= b;
            }
            LO(0) = a;
            NZ(a);
            break;
        /* lsrs, by a number */
        case 1:
            a = LO(3);
            b = (op >> 6) & 31;
            if (b) {
                c = (a >> (b - 1)) & 1;
                a >>= b;
            } else {
                c = a >> 31;
                a = 0;
            }
            LO(0) = a;
            NZ(a);
            break;
        /* asrs, by a number */
        case 2:
            a = LO(3);
            b = (op >> 6) & 31;
            if (b) {
                c = (a >> (b - 1)) & 1;
                a = (uint32_t)((int32_t)a >> b);
            } else {
                c = a >> 31;
                a = (uint32_t)((int32_t)a >> 31);
            }
            LO(0) = a;
            NZ(a);
            break;
        /* adds and subs of three registers or a small number */
        case 3:
            a = LO(3);
            b = (op & 0x400) ? (op >> 6) & 7 : LO(6);
            if (op & 0x200)
                SUB(a, b);
            else
                ADD(a, b);
            LO(0) = res;
            break;
        /* movs */
        case 4:
            res = op & 255;
            LO(8) = res;
            NZ(res);
            break;
        /* cmp */
        case 5:
            a = LO(8);
            b = op & 255;
            SUB(a, b);
            break;
        /* adds, of a number */
        case 6:
            a = LO(8);
            b = op & 255;
            ADD(a, b);
            LO(8) = res;
            break;
        /* subs, of a number */
        case 7:
            a = LO(8);
            b = op & 255;
            SUB(a, b);
            LO(8) = res;
            break;
        /* arithmetic of two registers; high registers, bx, blx */
        case 8:
            if (!(op & 0x400)) {
                uint32_t *d = &LO(0);
                a = *d;
                b = LO(3);
                switch ((op >> 6) & 15) {
                case 0:
                    *d = res = a & b;
                    NZ(res);
                    break;
                case 1:
                    *d = res = a ^ b;
                    NZ(res);
                    break;
                case 2:
                    b &= 255;
                    if (b) {
                        if (b < 32) {
                            c = (a >> (32 - b)) & 1;
                            a <<= b;
                        } else {
                            c = b == 32 ? a & 1 : 0;
                            a = 0;
                        }
                    }
                    *d = a;
                    NZ(a);
                    break;
                case 3:
                    b &= 255;
                    if (b) {
                        if (b < 32) {
                            c = (a >> (b - 1)) & 1;
                            a >>= b;
                        } else {
                            c = b == 32 ? a >> 31 : 0;
                            a = 0;
                        }
                    }
                    *d = a;
                    NZ(a);
                    break;
                case 4:
                    b &= 255;
                    if (b) {
                        if (b < 32) {
                            c = (a >> (b - 1)) & 1;
                            a = (uint32_t)((int32_t)a >> b);
                        } else {
                            c = a >> 31;
                            a = (uint32_t)((int32_t)a >> 31);
                        }
                    }
                    *d = a;
                    NZ(a);
                    break;
                case 5: {
                    uint64_t s = (uint64_t)a + b + (uint32_t)c;
                    res = (uint32_t)s;
                    c = (int)(s >> 32);
                    v = (~(a ^ b) & (a ^ res)) >> 31;
                    *d = res;
                    NZ(res);
                    break;
                }
                case 6: {
                    uint64_t s = (uint64_t)a + (uint32_t)~b + (uint32_t)c;
                    res = (uint32_t)s;
                    c = (int)(s >> 32);
                    v = ((a ^ b) & (a ^ res)) >> 31;
                    *d = res;
                    NZ(res);
                    break;
                }
                case 7:
                    b &= 255;
                    if (b) {
                        uint32_t k = b & 31;
                        if (k) a = (a >> k) | (a << (32 - k));
                        c = a >> 31;
                    }
                    *d = a;
                    NZ(a);
                    break;
                case 8:
                    res = a & b;
                    NZ(res);
                    break;
                case 9:
                    res = 0u - b;
                    c = b == 0;
                    v = (b & res) >> 31;
                    *d = res;
                    NZ(res);
                    break;
                case 10: SUB(a, b); break;
                case 11: ADD(a, b); break;
                case 12:
                    *d = res = a | b;
                    NZ(res);
                    break;
                case 13:
                    *d = res = a * b;
                    NZ(res);
                    break;
                case 14:
                    *d = res = a & ~b;
                    NZ(res);
                    break;
                case 15:
                    *d = res = ~b;
                    NZ(res);
                    break;
                }
            } else {
                uint32_t d = (op & 7) | ((op >> 4) & 8), s = (op >> 3) & 15;
                b = s == 15 ? pc + 4 : r[s];
                a = d == 15 ? pc + 4 : r[d];
                switch ((op >> 8) & 3) {
                case 0:
                    res = a + b;
                    if (d == 15) {
                        next = res & ~1u;
                        cost = 2;
                    } else
                        r[d] = d == 13 ? res & ~3u : res;
                    break;
                case 1: SUB(a, b); break;
                case 2:
                    if (d == 15) {
                        next = b & ~1u;
                        cost = 2;
                    } else
                        r[d] = d == 13 ? b & ~3u : b;
                    break;
                case 3:
                    if ((b >> 28) == 15 || !(b & 1)) BAIL;
                    if (op & 0x80) r[14] = next | 1;
                    next = b & ~1u;
                    cost = 2;
                    break;
                }
            }
            break;
        /* ldr, from beside the code */
        case 9:
            a = ((pc + 4) & ~3u) + ((op & 255) << 2);
            p = at(m, a, 4);
            if (!p) BAIL;
            LO(8) = r32(p);
            cost = 2;
            break;
        /* loads and stores at the sum of two registers */
        case 10:
        case 11:
            a = LO(3) + LO(6);
            cost = 2;
            switch ((op >> 9) & 7) {
            case 0:
                p = atw(m, a, 4);
                if (!p || (a & 3)) BAIL;
                w32(p, LO(0));
                break;
            case 1:
                p = atw(m, a, 2);
                if (!p || (a & 1)) BAIL;
                w16(p, LO(0));
                break;
            case 2:
                p = atw(m, a, 1);
                if (!p) BAIL;
                *p = LO(0);
                break;
            case 3:
                p = at(m, a, 1);
                if (!p) BAIL;
                LO(0) = (uint32_t)(int32_t)(int8_t)*p;
                break;
            case 4:
                p = at(m, a, 4);
                if (!p || (a & 3)) BAIL;
                LO(0) = r32(p);
                break;
            case 5:
                p = at(m, a, 2);
                if (!p || (a & 1)) BAIL;
                LO(0) = r16(p);
                break;
            case 6:
                p = at(m, a, 1);
                if (!p) BAIL;
                LO(0) = *p;
                break;
            case 7:
                p = at(m, a, 2);
                if (!p || (a & 1)) BAIL;
                LO(0) = (uint32_t)(int32_t)(int16_t)r16(p);
                break;
            }
            break;
        /* str */
        case 12:
            a = LO(3) + ((op >> 4) & 0x7c);
            p = atw(m, a, 4);
            if (!p || (a & 3)) BAIL;
            w32(p, LO(0));
            cost = 2;
            break;
        /* ldr */
        case 13:
            a = LO(3) + ((op >> 4) & 0x7c);
            p = at(m, a, 4);
            if (!p || (a & 3)) BAIL;
            LO(0) = r32(p);
            cost = 2;
            break;
        /* strb */
        case 14:
            a = LO(3) + ((op >> 6) & 31);
            p = atw(m, a, 1);
            if (!p) BAIL;
            *p = LO(0);
            cost = 2;
            break;
        /* ldrb */
        case 15:
            a = LO(3) + ((op >> 6) & 31);
            p = at(m, a, 1);
            if (!p) BAIL;
            LO(0) = *p;
            cost = 2;
            break;
        /* strh */
        case 16:
            a = LO(3) + ((op >> 5) & 62);
            p = atw(m, a, 2);
            if (!p || (a & 1)) BAIL;
            w16(p, LO(0));
            cost = 2;
            break;
        /* ldrh */
        case 17:
            a = LO(3) + ((op >> 5) & 62);
            p = at(m, a, 2);
            if (!p || (a & 1)) BAIL;
            LO(0) = r16(p);
            cost = 2;
            break;
        /* str, on the stack */
        case 18:
            a = r[13] + ((op & 255) << 2);
            p = atw(m, a, 4);
            if (!p) BAIL;
            w32(p, LO(8));
            cost = 2;
            break;
        /* ldr, on the stack */
        case 19:
            a = r[13] + ((op & 255) << 2);
            p = at(m, a, 4);
            if (!p) BAIL;
            LO(8) = r32(p);
            cost = 2;
            break;
        /* adr */
        case 20: LO(8) = ((pc + 4) & ~3u) + ((op & 255) << 2); break;
        /* add, of the stack pointer */
        case 21: LO(8) = r[13] + ((op & 255) << 2); break;
        /* stack pointer, extensions, push, byte order, pop, nop */
        case 22:
        case 23:
            switch (op >> 8) {
            case 0xB0:
                a = (op & 127) << 2;
                r[13] = (op & 128) ? r[13] - a : r[13] + a;
                break;
            case 0xB2:
                a = LO(3);
                switch ((op >> 6) & 3) {
                case 0: a = (uint32_t)(int32_t)(int16_t)a; break;
                case 1: a = (uint32_t)(int32_t)(int8_t)a; break;
                case 2: a &= 0xffff; break;
                case 3: a &= 0xff; break;
                }
                LO(0) = a;
                break;
            case 0xB4:
            case 0xB5: {
                uint32_t list = op & 255, k = __builtin_popcount(list) + ((op >> 8) & 1);
                a = r[13] - 4 * k;
                p = atw(m, a, 4 * k);
                if (!k || !p) BAIL;
                r[13] = a;
                for (uint32_t i = 0; i < 8; i++)
                    if (list >> i & 1) {
                        w32(p, r[i]);
                        p += 4;
                    }
                if (op & 0x100) w32(p, r[14]);
                cost = 1 + k;
                break;
            }
            case 0xBA:
                a = LO(3);
                switch ((op >> 6) & 3) {
                case 0: a = __builtin_bswap32(a); break;
                case 1: a = ((a >> 8) & 0x00ff00ff) | ((a & 0x00ff00ff) << 8); break;
                case 3:
                    a = (uint32_t)(int32_t)(int16_t)(((a >> 8) & 255) | ((a & 255) << 8));
                    break;
                default: BAIL;
                }
                LO(0) = a;
                break;
            case 0xBC:
            case 0xBD: {
                uint32_t list = op & 255, k = __builtin_popcount(list) + ((op >> 8) & 1);
                a = r[13];
                p = at(m, a, 4 * k);
                if (!k || !p) BAIL;
                if (op & 0x100) {
                    b = r32(p + 4 * (k - 1));
                    if ((b >> 28) == 15 || !(b & 1)) BAIL;
                    next = b & ~1u;
                }
                for (uint32_t i = 0; i < 8; i++)
                    if (list >> i & 1) {
                        r[i] = r32(p);
                        p += 4;
                    }
                r[13] = a + 4 * k;
                cost = 1 + k + ((op & 0x100) ? 2 : 0);
                break;
            }
            case 0xBF:
                if (op != 0xBF00) BAIL;
                break;
            default: BAIL;
            }
            break;
        /* stmia */
        case 24: {
            uint32_t list = op & 255, k = __builtin_popcount(list), rn = (op >> 8) & 7;
            a = r[rn];
            p = atw(m, a, 4 * k);
            if (!k || !p || (a & 3)) BAIL;
            for (uint32_t i = 0; i < 8; i++)
                if (list >> i & 1) {
                    w32(p, r[i]);
                    p += 4;
                }
            r[rn] = a + 4 * k;
            cost = 1 + k;
            break;
        }
        /* ldmia */
        case 25: {
            uint32_t list = op & 255, k = __builtin_popcount(list), rn = (op >> 8) & 7;
            a = r[rn];
            p = at(m, a, 4 * k);
            if (!k || !p || (a & 3)) BAIL;
            for (uint32_t i = 0; i < 8; i++)
                if (list >> i & 1) {
                    r[i] = r32(p);
                    p += 4;
                }
            if (!(list >> rn & 1)) r[rn] = a + 4 * k;
            cost = 1 + k;
            break;
        }
        /* branches on a condition */
        case 26:
        case 27: {
            int t;
            switch ((op >> 8) & 15) {
            case 0: t = z; break;
            case 1: t = !z; break;
            case 2: t = c; break;
            case 3: t = !c; break;
            case 4: t = n; break;
            case 5: t = !n; break;
            case 6: t = v; break;
            case 7: t = !v; break;
            case 8: t = c && !z; break;
            case 9: t = !c || z; break;
            case 10: t = n == v; break;
            case 11: t = n != v; break;
            case 12: t = !z && n == v; break;
            case 13: t = z || n != v; break;
            default: BAIL;
            }
            if (t) {
                next = pc + 4 + (uint32_t)((int32_t)(int8_t)(op & 255) * 2);
                cost = 2;
            }
            break;
        }
        /* b */
        case 28:
            next = pc + 4 + (uint32_t)(((int32_t)(op << 21)) >> 20);
            cost = 2;
            break;
        /* bl and barriers */
        case 30: {
            uint8_t *q = at(m, pc + 2, 2);
            if (!q) BAIL;
            uint32_t o2 = r16(q);
            if ((o2 & 0xD000) == 0xD000) {
                uint32_t S = (op >> 10) & 1, J1 = (o2 >> 13) & 1, J2 = (o2 >> 11) & 1,
                         I1 = !(J1 ^ S), I2 = !(J2 ^ S);
                uint32_t imm = (S ? 0xFF000000u : 0) | (I1 << 23) | (I2 << 22) |
                               ((op & 0x3ff) << 12) | ((o2 & 0x7ff) << 1);
                r[14] = (pc + 4) | 1;
                next = pc + 4 + imm;
                cost = 3;
            } else if (op == 0xF3BF && ((o2 & 0xFFF0) == 0x8F50 || (o2 & 0xFFF0) == 0x8F40)) {
                next = pc + 4;
                cost = 3;
            } else
                BAIL;
            break;
        }
        default: BAIL;
        }
        pc = next;
        cyc += cost;
        cnt++;
    }
    gave = 0;
bail:
    r[15] = pc;
    *pn = n;
    *pz = z;
    *pc_ = c;
    *pv = v;
    *spent = cyc;
    *count = cnt;
    return gave;
}
