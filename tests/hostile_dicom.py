"""hostile_dicom.py FOLDER - small DICOM files that make a careless reader recurse, collect or inflate."""
import struct
import sys
import zlib

LONG = ('OB', 'OW', 'SQ', 'UN')


def element(group, number, vr, value, order='<'):
    if len(value) % 2:
        value += b'\0' if vr == 'UI' else b' '
    if vr in LONG:
        return struct.pack(order + 'HH2sHI', group, number, vr.encode(), 0, len(value)) + value
    return struct.pack(order + 'HH2sH', group, number, vr.encode(), len(value)) + value


def implicit(group, number, value):
    value += b'\0' * (len(value) % 2)
    return struct.pack('<HHI', group, number, len(value)) + value


def save(name, syntax, body):
    meta = element(2, 2, 'UI', CT) + element(2, 3, 'UI', b'1.2.3') + element(2, 0x10, 'UI', syntax)
    meta = element(2, 0, 'UL', struct.pack('<I', len(meta))) + meta
    with open(f'{sys.argv[1]}/{name}.dcm', 'wb') as out:
        out.write(b'\0' * 128 + b'DICM' + meta + body)


def deflate(*parts):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b''.join(packer.compress(part) for part in parts) + packer.flush()


CT = b'1.2.840.10008.5.1.4.1.1.2'
DEPTH = 100000
head = element(8, 0x16, 'UI', CT) + element(8, 0x18, 'UI', b'1.2.3')
one = struct.pack('<HH2sHI', 8, 0x1140, b'SQ', 0, 0xFFFFFFFF) + struct.pack('<HHI', 0xFFFE, 0xE000, 0xFFFFFFFF)
save('nested', b'1.2.840.10008.1.2.1', head + one * DEPTH)
save('nested_deflated', b'1.2.840.10008.1.2.1.99', deflate(head, one * DEPTH))
big = struct.pack('>HH2sHI', 8, 0x1140, b'SQ', 0, 0xFFFFFFFF) + struct.pack('>HHI', 0xFFFE, 0xE000, 0xFFFFFFFF)
save('nested_big', b'1.2.840.10008.1.2.2',
     element(8, 0x16, 'UI', CT, '>') + element(8, 0x18, 'UI', b'1.2.3', '>') + big * DEPTH)
# sequences of defined length, in implicit VR
body, closed = b'', 40
for _ in range(closed):
    body = implicit(8, 0x1140, struct.pack('<HHI', 0xFFFE, 0xE000, len(body)) + body)
save('nested_implicit', b'1.2.840.10008.1.2', implicit(8, 0x16, CT) + implicit(8, 0x18, b'1.2.3') + body)
# unknown VR of undefined length holds implicit VR
inner = struct.pack('<HHI', 8, 0x1140, 0xFFFFFFFF) + struct.pack('<HHI', 0xFFFE, 0xE000, 0xFFFFFFFF)
save('nested_unknown', b'1.2.840.10008.1.2.1', head + struct.pack('<HH2sHI', 9, 0x1010, b'UN', 0, 0xFFFFFFFF) +
     struct.pack('<HHI', 0xFFFE, 0xE000, 0xFFFFFFFF) + inner * DEPTH)
save('many', b'1.2.840.10008.1.2.1', head + element(9, 0x1010, 'LO', b'x') * 200000)
save('bomb', b'1.2.840.10008.1.2.1.99', deflate(head, struct.pack('<HH2sHI', 0x7FE0, 0x10, b'OW', 0, 600000000),
                                               *[bytes(10000000)] * 60))
