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
def note(table: ptr16, rows: ptr32, row: int, address: int, value: int):
    """Enter a piece of flash as a row, from 1 on. value: its size, with IS_CODE if it is code."""
    size = value & 65535
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
    rows[2 * row + 1] = value


@micropython.viper
def note_all(table: ptr16, rows: ptr32, row: int, entries: ptr8, count: int, starts: ptr32):
    """Enter pieces of a file as rows, from `row` on: entries as code_files.py has them in its
    index; starts: the addresses of the blocks of the file.
    """
    at = 0
    while count:
        offset = int(entries[at + 2]) + (int(entries[at + 3]) << 8)
        value = int(entries[at + 4]) + (int(entries[at + 5]) << 8) + (int(entries[at + 1]) << 16)
        note(table, rows, row, int(starts[int(entries[at])]) + offset, value)
        at += 6
        row += 1
        count -= 1


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
def move(low: int, high: int, table: ptr16, rows: ptr32, types: ptr32) -> int:
    """Point each pointer to code or a text in the heap to the same bytes in flash. How many there
    were.

    Such a pointer is a word that is the address of a block of the heap (a multiple of 16); and it
    is the last of the four words of a function, whose type is one of types[0:3], or of a text,
    whose type is types[3] and whose third word is its size; or the second of a mp_raw_code_t
    (py/emitglue.h: 2 bytes of 0, the kind of code, and 0 or 1). Other pointers may lead to what
    changes: littlefs' caches hold the same bytes when they were just written. low, high: the
    memory that is looked at.
    """
    moved = 0
    p = low
    while p < high:
        w = int(ptr32(p)[0])
        if w & 15 == 0 and w > low and w < high:
            field = p & 15
            head = ptr32(p & -16)
            first = int(head[0])
            size = -2
            if field == 12:
                if first == int(types[0]) or first == int(types[1]) or first == int(types[2]):
                    size = -1
                elif first == int(types[3]):
                    size = int(head[2])
            elif field == 4 and first & 65535 == 0 and first >> 25 == 0:
                kind = (first >> 16) & 255
                if kind > 1 and kind < 6:
                    size = -1
            if size > -2 and w + size < high:
                there = int(found(table, rows, w, size))
                if there:
                    ptr32(p)[0] = there
                    moved += 1
        p += 4
    return moved


@micropython.viper
def move_names(low: int, high: int, table: ptr16, rows: ptr32, runs: ptr32) -> int:
    """The same for the names in MicroPython's tables of names. How many runs of them there were;
    runs: gets the first and last address of each, and a 0.

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
        if places < 1 or places > 8192 or many < 1 or many > places:
            many = 0
        if int(a[4]) != hashes or (gap != places and gap != 2 * places):
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
            # one that is no part of the heap could lie between two names of one piece
            last = 1 if j >= many or int(a[6 + j]) < low or int(a[6 + j]) > high else 0
            if whole and not last and moved < 64:
                runs[2 * moved] = w
                runs[2 * moved + 1] = end
                moved += 1
                while i < j:
                    a[6 + i] = int(found(table, rows, int(a[6 + i]), int(lengths[i])))
                    i += 1
            i = j
        p += 16
    runs[2 * moved] = 0
    return moved


@micropython.viper
def move_shared(low: int, high: int, table: ptr16, rows: ptr32, types: ptr32, runs: ptr32):
    """The same for texts and bytes that have their data where a name was that has moved: encode()
    makes such ones. types[3:5]: theirs; runs: as move_names() filled it.
    """
    p = low
    while p < high:
        a = ptr32(p)
        first = int(a[0])
        w = int(a[3])
        if w > low and w < high and (first == int(types[3]) or first == int(types[4])):
            i = 0
            while int(runs[2 * i]):
                if w >= int(runs[2 * i]) and w < int(runs[2 * i + 1]):
                    there = int(found(table, rows, w, int(a[2])))
                    if there:
                        a[3] = there
                    break
                i += 1
        p += 16
