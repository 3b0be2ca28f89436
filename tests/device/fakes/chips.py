"""Chips that behave as their data sheets say: they take time, keep what they were told, forget it
without power. They are given the time with every byte.
"""

from fakes.bench import NACK, crc8


class Bme280:
    """Registers as in BST-BME280-DS002 s.5.3; trimming of the example in BST-BMP280-DS001 s.3.12,
    and humidity of one real chip. `t`, `p`, `h`: raw values that it measures.
    """

    T = (27504, 26435, -1000)
    P = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
    H = (75, 360, 0, 325, 50, 30)

    def __init__(self, kind=0x60, t=519888, p=415148, h=30000):
        self.registers = bytearray(256)
        self.registers[0xD0] = kind
        self.t, self.p, self.h = t, p, h
        words = self.T + self.P
        for i, word in enumerate(words):
            self.registers[0x88 + 2 * i : 0x8A + 2 * i] = (word & 0xFFFF).to_bytes(2, "little")
        h1, h2, h3, h4, h5, h6 = (n & 0xFFFF for n in self.H)
        self.registers[0xA1] = h1
        high = (h2 & 255, h2 >> 8, h3, h4 >> 4 & 255, h4 & 15 | (h5 & 15) << 4, h5 >> 4, h6 & 255)
        self.registers[0xE1:0xE8] = bytes(high)
        self.switch_on()

    def switch_on(self):
        self.registers[0xF2:0xF7] = bytes(5)
        self.registers[0xF7:0xFF] = bytes((0x80, 0, 0, 0x80, 0, 0, 0x80, 0))
        self.pointer = 0
        self.humid = False  # ctrl_hum is taken over with the next ctrl_meas (s.5.4.3)
        self.ready_ms = None

    def write(self, ms, data):
        self._pass(ms)
        self.pointer = data[0]
        if len(data) == 2:
            assert data[0] in (0xF2, 0xF4, 0xF5), "only control registers are written"
            self.registers[data[0]] = data[1]
            if data[0] == 0xF4:
                self.humid = self.registers[0xF2] & 7 == 1
                if data[1] & 3:
                    assert data[1] >> 2 == 0b001001, "one sample of each"
                    self.ready_ms = ms + 9.3
                    self.registers[0xF3] |= 8

    def read(self, ms, count):
        self._pass(ms)
        return bytes(self.registers[self.pointer : self.pointer + count])

    def _pass(self, ms):
        if self.ready_ms is not None and ms >= self.ready_ms:
            self.ready_ms = None
            self.registers[0xF3] &= ~8
            self.registers[0xF4] &= ~3
            self.registers[0xF7:0xFA] = (self.p << 4).to_bytes(3, "big")
            self.registers[0xFA:0xFD] = (self.t << 4).to_bytes(3, "big")
            if self.humid:
                self.registers[0xFD:0xFF] = self.h.to_bytes(2, "big")


class Sht3x:
    """One shot without clock stretching: until it has measured it does not acknowledge a read, and
    what was read is gone (SHT3x-DIS s.4.3, 4.4). `flip`: a bit of the answer that turns over.
    """

    def __init__(self, t=0x6666, h=0x8000):
        self.t, self.h, self.flip = t, h, None
        self.ready_ms = None

    def write(self, ms, data):
        assert data == b"\x24\x00", data
        self.ready_ms = ms + 15.5

    def read(self, ms, count):
        if self.ready_ms is None or ms < self.ready_ms:
            raise OSError(NACK)
        self.ready_ms = None
        data = bytearray()
        for word in (self.t, self.h):
            both = word.to_bytes(2, "big")
            data += both + bytes([self.crc(both)])
        if self.flip is not None:
            data[self.flip >> 3] ^= 1 << (self.flip & 7)
        return bytes(data[:count])

    @staticmethod
    def crc(data):
        """By long division, in another way than the driver: begin 0xFF, polynomial 0x131."""
        rest = (int.from_bytes(data, "big") ^ 0xFF << 8 * (len(data) - 1)) << 8
        for bit in range(8 * len(data) + 7, 7, -1):
            if rest >> bit & 1:
                rest ^= 0x131 << (bit - 8)
        return rest


class Bh1750:
    """Off, on, measuring for up to 180 ms, off again: what is read earlier is the value before."""

    def __init__(self, raw=0x8390):
        self.raw, self.value, self.is_on = raw, 0, False
        self.ready_ms = None

    def write(self, ms, data):
        self._pass(ms)
        if data == b"\x01":
            self.is_on = True
        else:
            assert data == b"\x20", data
            assert self.is_on
            self.ready_ms = ms + 180

    def read(self, ms, count):
        self._pass(ms)
        return self.value.to_bytes(2, "big")[:count]

    def _pass(self, ms):
        if self.ready_ms is not None and ms >= self.ready_ms:
            self.value, self.ready_ms, self.is_on = self.raw, None, False


class Ds18b20:
    """A slave on a 1-Wire bus, by bytes. `raw`: 16 bits that it measures; `power`: on its third
    leg; `flip`: a bit of the answer that turns over. Before it measures it holds 85 Cel.
    """

    def __init__(self, raw=0x0191, serial=1, family=0x28):
        rom = bytes([family]) + serial.to_bytes(6, "little")
        self.rom = rom + bytes([crc8(rom)])
        self.raw, self.power, self.flip, self.deaf = raw, True, None, False
        self.config = 0x7F
        self.switch_on()

    def switch_on(self):
        self.held, self.sixth = 0x0550, 0x0C
        self.ready_ms = None
        self.reset(0)

    def reset(self, ms):
        self._pass(ms)
        self.heard, self.answer, self.is_asked = b"", b"", None

    def take(self, ms, byte):
        self._pass(ms)
        self.heard += bytes([byte])
        if self.heard[0] == 0x55 and len(self.heard) <= 9:
            self.is_asked = self.heard[1:] == self.rom
        elif self.heard[0] == 0xCC and len(self.heard) == 1:
            self.is_asked = True
        elif self.is_asked and byte == 0x44 and not self.deaf:
            self.ready_ms = ms + (750 >> (3 - (self.config >> 5 & 3)))
        elif self.is_asked and byte == 0xBE:
            data = self.held.to_bytes(2, "little") + bytes(
                [75, 70, self.config, 255, self.sixth, 16]
            )
            self.answer = bytearray(data + bytes([crc8(data)]))
            if self.flip is not None:
                self.answer[self.flip >> 3] ^= 1 << (self.flip & 7)

    def give(self):
        if not self.answer:
            return 0xFF
        byte, self.answer = self.answer[0], self.answer[1:]
        return byte

    def bit(self):
        return self.power if self.is_asked and self.heard[-1] == 0xB4 else 1

    def _pass(self, ms):
        if self.ready_ms is not None and ms >= self.ready_ms:
            self.held, self.ready_ms = self.raw, None
            self.sixth = 16 - (self.raw & 15)


class Dht22:
    """Gives what it measured when it was asked the time before, and nothing when asked again
    within 2 s. `data`: the 4 bytes that it measures; `flip`: a bit that turns over.
    """

    def __init__(self, data=b"\x02\x8c\x01\x5f"):
        self.data, self.held, self.flip = data, b"\x01\xf4\x00\xc8", None
        self.asked_ms = -10_000

    def readinto(self, ms, data):
        if ms - self.asked_ms < 2000:
            raise OSError(110)
        self.asked_ms = ms
        data[:4] = self.held
        data[4] = sum(self.held) & 255
        if self.flip is not None:
            data[self.flip >> 3] ^= 1 << (self.flip & 7)
        self.held = self.data
