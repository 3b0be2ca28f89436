"""Machine code that lets pointers to code, texts and names point into flash: see code_in_flash.

A table finds a piece by its first bytes: 1,024 numbers of rows, with linear probing; a row is the
address of the piece in flash, and its size, with 65536 added to that of code.
"""

import micropython

PORTS = ("rp2",)
PLACES = 1024  # of the table; the mask 1023 below
ROWS = 640  # most rows
RUNS = 64  # most runs of names that are moved at once
IS_CODE = 65536


@micropython.viper
def note(table: ptr16, rows: ptr32, entries: ptr8, count: int, starts: ptr32):
    """Enter pieces of files as rows, from 1 on: entries as code_files.py has them in its index;
    starts: the addresses of their blocks.
    """
    row = 1
    while row <= count:
        address = int(starts[int(entries[0])]) + int(entries[2]) + (int(entries[3]) << 8)
        size = int(entries[4]) + (int(entries[5]) << 8)
        a = ptr8(address)
        most = 8 if size > 8 else size
        k = 5381
        i = 0
        while i < most:
            k = (k * 33) ^ int(a[i])
            i += 1
        k = (k ^ (k >> 10)) & 1023
        while int(table[k]):
            k = (k + 1) & 1023
        table[k] = row
        rows[2 * row] = address
        rows[2 * row + 1] = size + (int(entries[1]) << 16)
        entries = ptr8(int(entries) + 6)
        row += 1


@micropython.viper
def found(table: ptr16, rows: ptr32, w: int, size: int) -> int:
    """The address in flash of the same bytes as those at w, or 0. size: how many; -1 for code,
    whose size is not known, and at least 8.
    """
    x = ptr8(w)
    most = 8 if size < 0 or size > 8 else size
    k = 5381
    i = 0
    while i < most:
        k = (k * 33) ^ int(x[i])
        i += 1
    k = (k ^ (k >> 10)) & 1023
    row = int(table[k])
    while row:
        many = int(rows[2 * row + 1])
        if size < 0:
            many = many - 65536
        if many == size or (size < 0 and many > 0):
            y = ptr8(int(rows[2 * row]))
            i = 0
            while i < many and x[i] == y[i]:
                i += 1
            if i == many:
                return int(rows[2 * row])
        k = (k + 1) & 1023
        row = int(table[k])
    return 0


@micropython.viper
def move(low: int, high: int, table: ptr16, rows: ptr32, types: ptr32, runs: ptr32):
    """Point each pointer to code or a text in the heap to the same bytes in flash.

    Such a pointer is a word that is the address of a block of the heap (a multiple of 16); and it
    is the last of the four words of a function, whose type is one of types[0:3], or of a text,
    whose type is types[3] and whose third word is its size; or the second of a mp_raw_code_t
    (py/emitglue.h: 2 bytes of 0, the kind of code, and 0 or 1). Other pointers may lead to what
    changes: littlefs' caches hold the same bytes when they were just written. Texts and bytes
    (types[4]; encode() makes such ones) may have their data amid names that moved: runs is as
    move_names() filled it. low, high: the memory that is looked at.
    """
    p = low
    while p < high:
        w = int(ptr32(p)[0])
        size = -2
        if w > low and w < high:
            field = p & 15
            head = ptr32(p & -16)
            first = int(head[0])
            if field == 12 and (first == int(types[3]) or first == int(types[4])):
                if w & 15 == 0 and first == int(types[3]):
                    size = int(head[2])
                i = 0
                while int(runs[i]):
                    if w >= int(runs[i]) and w < int(runs[i + 1]):
                        size = int(head[2])
                    i += 2
            elif w & 15:
                pass
            elif field == 12:
                if first == int(types[0]) or first == int(types[1]) or first == int(types[2]):
                    size = -1
            elif field == 4 and first & 65535 == 0 and first >> 25 == 0:
                kind = (first >> 16) & 255
                if kind > 1 and kind < 6:
                    size = -1
        if size > -2 and w + size < high:
            there = int(found(table, rows, w, size))
            if there:
                ptr32(p)[0] = there
        p += 4


@micropython.viper
def move_names(low: int, high: int, table: ptr16, rows: ptr32, runs: ptr32):
    """The same for the names in MicroPython's tables of names, before move(). runs: gets the first
    and last address of each run of names that moved, and a 0.

    A table is a qstr_pool_t (py/qstr.h) that begins a block of the heap: previous, names before,
    places, names, address of the hashes (1 or 2 bytes each), address of the lengths (1 byte each),
    and then the address of each name; hashes and lengths lie behind these. Names lie one behind
    the other in pieces of memory, which only the address of the first one keeps: so they are moved
    all or none, and never the last ones of a table, as more may be written behind them.
    """
    moved = 0
    p = low
    while p < high:
        a = ptr32(p)
        places = int(a[2])
        many = int(a[3])
        hashes = p + 24 + 4 * places
        gap = int(a[5]) - hashes
        if many > places or int(a[4]) != hashes or (gap != places and gap != 2 * places):
            many = 0
        lengths = ptr8(int(a[5]))
        i = 0
        while i < many:
            w = int(a[6 + i])
            whole = 1 if w > low and w < high and w & 15 == 0 else 0
            end = w
            j = i
            while j < many and int(a[6 + j]) == end:
                if whole and int(found(table, rows, end, int(lengths[j]))) == 0:
                    whole = 0
                end += int(lengths[j]) + 1
                j += 1
            if j >= many or int(a[6 + j]) < low or moved > 63:
                whole = 0  # one that is no part of the heap could lie amid names of one piece
            if whole:
                runs[2 * moved] = w
                runs[2 * moved + 1] = end
                moved += 1
                while i < j:
                    a[6 + i] = int(found(table, rows, int(a[6 + i]), int(lengths[i])))
                    i += 1
            i = j
        p += 16
    runs[2 * moved] = 0
