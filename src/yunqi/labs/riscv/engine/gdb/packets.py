"""Packets of the remote serial protocol: ``$data#checksum``, with acknowledgements and escapes.

Source: GDB's manual, appendix "Remote Protocol".
"""

MOST = 1 << 16
"""Largest packet that is taken."""
INTERRUPT = b"\x03"


def packed(data: bytes) -> bytes:
    """Return a packet's bytes on the wire."""
    escaped = bytearray()
    for byte in data:
        if byte in b"$#}*":
            escaped += bytes((0x7D, byte ^ 0x20))
        else:
            escaped.append(byte)
    return b"$" + bytes(escaped) + b"#%02x" % (sum(escaped) & 255)


class Reader:
    """Takes bytes as they come and gives whole packets.

    Packets with a wrong checksum are told apart from good ones; what is no packet is left out.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes | None]:
        """Return what has become whole: packets' contents, `INTERRUPT`, or None for a damaged packet."""
        self._held += data
        found: list[bytes | None] = []
        while self._held:
            if self._held[0:1] == INTERRUPT:
                found.append(INTERRUPT)
                del self._held[:1]
            elif self._held[0:1] != b"$":
                del self._held[:1]
            else:
                end = self._held.find(b"#")
                if end < 0 or len(self._held) < end + 3:
                    if len(self._held) > MOST + 4:
                        self._held.clear()
                        found.append(None)
                    break
                found.append(_checked(bytes(self._held[1:end]), bytes(self._held[end + 1 : end + 3])))
                del self._held[: end + 3]
        return found


def _checked(body: bytes, told: bytes) -> bytes | None:
    try:
        right = int(told, 16) == sum(body) & 255
    except ValueError:
        right = False
    if not right:
        return None
    plain = bytearray()
    at = 0
    while at < len(body):
        if body[at] == 0x7D and at + 1 < len(body):
            plain.append(body[at + 1] ^ 0x20)
            at += 2
        else:
            plain.append(body[at])
            at += 1
    return bytes(plain)
