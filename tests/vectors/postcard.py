"""The encoding rules of PROTOCOL.md section 3: a strict reader and writer driven by a schema.

A schema is a tuple whose first part names the rule. Values are plain Python: int, str, bytes, None,
list, dict. A variant without content is its name, one with content is {name: content}.
"""

import struct


class Malformed(Exception):
    """Bytes that are not what they claim to be."""


U8, U16, U32, U64 = ("u8",), ("uint", 16), ("uint", 32), ("uint", 64)
I8, I16, I64, I128 = ("i8",), ("int", 16), ("int", 64), ("int", 128)
F64, BOOL, TEXT, BYTES = ("f64",), ("bool",), ("text",), ("bytes",)


def fixed(length):
    return ("fixed", length)


def option(inner):
    return ("option", inner)


def listed(inner):
    return ("list", inner)


def mapped(inner):
    return ("map", inner)


def record(**fields):
    return ("record", fields)


def enum(*variants):
    """Each variant is a name, or a pair of name and schema."""
    return ("enum", [v if isinstance(v, tuple) else (v, None) for v in variants])


def write(schema, value):
    return b"".join(piece for _, piece in trace(schema, value, ""))


def trace(schema, value, path):
    """The encoding in pieces, each with the path of what it encodes."""
    rule = schema[0]
    if rule == "u8":
        yield path, bytes([value])
    elif rule == "i8":
        yield path, struct.pack("<b", value)
    elif rule == "uint":
        assert 0 <= value < 1 << schema[1]
        yield path, varint(value)
    elif rule == "int":
        yield path, varint(value << 1 if value >= 0 else ((-value) << 1) - 1)
    elif rule == "f64":
        yield path, struct.pack("<d", value)
    elif rule == "bool":
        yield path, bytes([int(value)])
    elif rule == "text":
        yield path, varint(len(value.encode())) + value.encode()
    elif rule == "bytes":
        yield path, varint(len(value)) + value
    elif rule == "fixed":
        assert len(value) == schema[1], path
        yield path, value
    elif rule == "option":
        if value is None:
            yield path + " none", b"\x00"
        else:
            yield path + " some", b"\x01"
            yield from trace(schema[1], value, path)
    elif rule == "list":
        yield path + " count", varint(len(value))
        for at, item in enumerate(value):
            yield from trace(schema[1], item, f"{path}[{at}]")
    elif rule == "map":
        yield path + " count", varint(len(value))
        for name in sorted(value, key=str.encode):
            yield path + " name", varint(len(name.encode())) + name.encode()
            yield from trace(schema[1], value[name], f"{path}.{name}")
    elif rule == "record":
        assert set(value) == set(schema[1]), (path, set(value) ^ set(schema[1]))
        for name, inner in schema[1].items():
            yield from trace(inner, value[name], f"{path}.{name}".lstrip("."))
    elif rule == "enum":
        name, content = (value, None) if isinstance(value, str) else next(iter(value.items()))
        number = [variant for variant, _ in schema[1]].index(name)
        inner = schema[1][number][1]
        yield f"{path} = {name}", varint(number)
        if inner is not None:
            yield from trace(inner, content, path)
    elif rule == "lazy":
        yield from trace(schema[1](), value, path)
    else:
        raise AssertionError(rule)


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read(schema, data):
    """The one value that these bytes encode."""
    reader = Reader(data)
    value = reader.value(schema)
    if reader.at != len(data):
        raise Malformed("bytes to spare")
    return value


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        if length > len(self.data) - self.at:
            raise Malformed("cut short")
        self.at += length
        return self.data[self.at - length : self.at]

    def varint(self, bits):
        number = shift = 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if number >> bits:
                raise Malformed("number too large")
            if byte < 0x80:
                if byte == 0 and shift > 0:
                    raise Malformed("number longer than needed")
                return number
            shift += 7

    def text(self):
        try:
            return self.take(self.varint(64)).decode()
        except UnicodeDecodeError:
            raise Malformed("not UTF-8") from None

    def value(self, schema):
        rule = schema[0]
        if rule == "u8":
            return self.take(1)[0]
        if rule == "i8":
            return struct.unpack("<b", self.take(1))[0]
        if rule == "uint":
            return self.varint(schema[1])
        if rule == "int":
            number = self.varint(schema[1])
            return number >> 1 if number & 1 == 0 else -(number >> 1) - 1
        if rule == "f64":
            return struct.unpack("<d", self.take(8))[0]
        if rule == "bool":
            return bool(self.one_of(2))
        if rule == "text":
            return self.text()
        if rule == "bytes":
            return self.take(self.varint(64))
        if rule == "fixed":
            return self.take(schema[1])
        if rule == "option":
            return self.value(schema[1]) if self.one_of(2) else None
        if rule == "list":
            return [self.value(schema[1]) for _ in range(self.count())]
        if rule == "map":
            return self.map(schema[1])
        if rule == "record":
            return {name: self.value(inner) for name, inner in schema[1].items()}
        if rule == "enum":
            number = self.varint(32)
            if number >= len(schema[1]):
                raise Malformed("unknown variant")
            name, inner = schema[1][number]
            return name if inner is None else {name: self.value(inner)}
        if rule == "lazy":
            return self.value(schema[1]())
        raise AssertionError(rule)

    def one_of(self, count):
        byte = self.take(1)[0]
        if byte >= count:
            raise Malformed("neither 0 nor 1")
        return byte

    def count(self):
        count = self.varint(64)
        if count > len(self.data) - self.at:
            raise Malformed("more items than bytes")
        return count

    def map(self, inner):
        out, before = {}, None
        for _ in range(self.count()):
            name = self.text()
            if before is not None and name.encode() <= before.encode():
                raise Malformed("names out of order")
            before = name
            out[name] = self.value(inner)
        return out
