"""Machine code that lets pointers to functions' code point into flash: see code_in_flash."""

import micropython

PORTS = ("rp2",)
PLACES = 2048  # of the table of functions; the mask 2047 below


@micropython.viper
def note(table: ptr16, number: int, address: int):
    """Enter the functions of a file: a table with linear probing, by the first 8 bytes."""
    at = 16
    size = int(ptr16(address + at)[0])
    while size:
        a = ptr32(address + at + 4)
        k = int(a[0]) ^ (int(a[1]) << 3)
        k = k ^ (k >> 16)
        k = (k ^ (k >> 7)) & 2047
        while int(table[k]):
            k = (k + 1) & 2047
        table[k] = number << 10 | at >> 2
        at = at + 4 + ((size + 3) & -4)
        size = int(ptr16(address + at)[0]) if at < 4092 else 0


@micropython.viper
def move(low: int, high: int, table: ptr16, files: ptr32) -> int:
    """Point each pointer to code in the heap to the same bytes in flash. How many there were.

    A pointer is a word that is the address of a block of the heap (a multiple of 16) whose first
    bytes are all the bytes of a function; and it is the last of the four words of a function,
    whose type is one of files[61:64], or the second of a mp_raw_code_t (py/emitglue.h: 2 bytes
    of 0, the kind of code, and 0 or 1). Other pointers may lead to what changes: littlefs' caches
    hold the same bytes when they were just written. low, high: the memory that is looked at.
    """
    moved = 0
    p = low
    while p < high:
        w = int(ptr32(p)[0])
        if w & 15 == 0 and w > low and w < high:
            field = p & 15
            first = int(ptr32(p & -16)[0])
            kind = (first >> 16) & 255
            if field == 12:
                if first != int(files[61]) and first != int(files[62]) and first != int(files[63]):
                    w = 0
            elif field != 4 or first & 65535 or first >> 25 or kind < 2 or kind > 5:
                w = 0
        else:
            w = 0
        if w:
            a = ptr32(w)
            k = int(a[0]) ^ (int(a[1]) << 3)
            k = k ^ (k >> 16)
            k = (k ^ (k >> 7)) & 2047
            while int(table[k]):
                place = int(table[k])
                entry = int(files[place >> 10]) + ((place & 1023) << 2)
                size = int(ptr16(entry)[0])
                i = 0 if w + size <= high else 65536
                x = ptr8(w)
                y = ptr8(entry + 4)
                while i < size and x[i] == y[i]:
                    i += 1
                if i == size:
                    ptr32(p)[0] = entry + 4
                    moved += 1
                    break
                k = (k + 1) & 2047
        p += 4
    return moved
