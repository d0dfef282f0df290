# SPDX-License-Identifier: MIT
"""Sockets whose addresses, other ends, options or contents belong to the host. WORDS for addresses: own4, own6 (the
host's), link6 (its link-local one), lo4, lo6, any4, any6."""
import ctypes
import socket
import struct
import threading

from tools import child, lives, wait

FIXED = {"lo4": "127.0.0.1", "lo6": "::1", "any4": "0.0.0.0", "any6": "::", "broadcast": "255.255.255.255"}


def own(word):
    """The address by which this host reaches the client."""
    with socket.socket(socket.AF_INET6 if word.endswith("6") else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("fd99::200" if word.endswith("6") else "10.99.0.200", 9))
        return s.getsockname()[0]


def place(word, port):
    """An address as bind() and connect() want it."""
    if word == "link6":
        with open("/proc/net/if_inet6", encoding="ascii") as rows:
            row = next(r.split() for r in rows if r.startswith("fe80") and r.split()[5] == "eth0")
        return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(row[0])), int(port), 0, int(row[1], 16)
    return FIXED.get(word) or (own(word) if word.startswith("own") else word), int(port)


def inet(word, kind, *protocol):
    s = socket.socket(socket.AF_INET6 if word.endswith("6") else socket.AF_INET, kind, *protocol)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return s


def listening(word, port):
    s = inet(word, socket.SOCK_STREAM)
    s.bind(place(word, port))
    s.listen(8)
    return s


def connected(word, port, kind=socket.SOCK_STREAM):
    s = inet(word, kind)
    wait(lambda: s.connect_ex(place(word, port)) == 0)
    return s


def speaks(one, other):
    """Tells whether a byte goes there and back."""
    def look():
        one.sendall(b"?")
        other.sendall(other.recv(1))
        return one.recv(1).decode()
    return look


def tcp_with_itself(word, port):
    """A connection to one of its own addresses; the listener has all addresses."""
    server = listening("any" + word[-1], port)
    client = connected(word, port)
    return speaks(client, server.accept()[0])


def tcp_client(word, port):
    """A connection to a program that answers."""
    s = connected(word, port)

    def look():
        s.sendall(b"?")
        return s.recv(1).decode()
    return look


def tcp_quiet_client(word, port):
    """A connection to a program, without a word."""
    s = connected(word, port)
    return lambda: s.fileno() >= 0


def tcp_half_closed(word, port):
    server = listening(word, port)
    client = connected(word, port)
    there = server.accept()[0]
    client.shutdown(socket.SHUT_WR)

    def look():
        there.sendall(b"x")
        return [client.recv(1).decode(), there.recv(1).decode()]
    return look


def tcp_full(word, port):
    """Nothing more can be sent, and nothing is read."""
    server = listening(word, port)
    client = connected(word, port)
    there = server.accept()[0]
    client.setblocking(False)
    try:
        while True:
            client.send(b"x" * 65536)
    except BlockingIOError:
        pass
    return lambda: there.recv(10, socket.MSG_PEEK).decode()


def tcp_listener(word, port):
    s = listening(word, port)
    return lambda: s.getsockname()[1]


def tcp_bound(word, port):
    s = inet(word, socket.SOCK_STREAM)
    s.bind(place(word, port))
    return lambda: s.getsockname()[1]


def tcp_unaccepted(word, port):
    """A listener that accepts nothing, with a client of its own."""
    server = listening(word, port)
    client = connected("lo" + word[-1], port)
    return lambda: [server.fileno() >= 0, client.fileno() >= 0]


def tcp_urgent(word, port):
    server = listening(word, port)
    client = connected(word, port)
    there = server.accept()[0]
    client.send(b"!", socket.MSG_OOB)
    return lambda: there.fileno() >= 0


def tcp_options(port):
    s = listening("any4", port)
    for name, value in ("TCP_USER_TIMEOUT", 7000), ("TCP_NOTSENT_LOWAT", 7000), ("TCP_SYNCNT", 3), \
            ("TCP_FASTOPEN", 5), ("TCP_WINDOW_CLAMP", 70000):
        s.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return lambda: s.getsockname()[1]


def tcp_congestion(port):
    """Another one than the host's, on both ends."""
    server = listening("lo4", port)
    client = connected("lo4", port)
    usual = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic" if usual == b"reno" else b"reno")
    return speaks(client, server.accept()[0])


def tcp_kept_options(port):
    """Options that CRIU knows, on a connection with itself."""
    server = listening("lo4", port)
    ends = [connected("lo4", port), server.accept()[0]]
    names = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
             (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 7),
             (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3), (socket.SOL_SOCKET, socket.SO_PRIORITY, 5)]
    for end in ends:
        for level, name, value in names:
            end.setsockopt(level, name, value)
    return lambda: [e.getsockopt(level, name) for e in ends for level, name, _ in names]


def udp_client(word, port):
    s = connected(word, port, socket.SOCK_DGRAM)
    return lambda: s.getpeername()[1]


def udp_server(word, port):
    s = inet(word, socket.SOCK_DGRAM)
    s.bind(place(word, port))
    return lambda: s.getsockname()[1]


def udp_unread(word, port):
    s = inet(word, socket.SOCK_DGRAM)
    s.bind(place(word, port))
    inet(word, socket.SOCK_DGRAM).sendto(b"x", place(word, port))
    return lambda: s.getsockname()[1]


def udp_read(port):
    """A server that is asked all the time, and reads."""
    s, client = inet("lo4", socket.SOCK_DGRAM), inet("lo4", socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", int(port)))

    def look():
        client.sendto(b"x", ("127.0.0.1", int(port)))
        return s.recv(1).decode()
    return look


def udp_corked():
    s = inet("any4", socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_UDP, 1, 1)
    return lambda: s.getsockopt(socket.IPPROTO_UDP, 1)


def udp_on_device(name):
    s = inet("any4", socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
    return lambda: s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0").decode()


def udp_multicast(port, loop="1"):
    """Its own ttl, or none of that."""
    s = inet("any4", socket.SOCK_DGRAM)
    s.bind(("", int(port)))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 7)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, int(loop))
    return lambda: s.getsockname()[1]


def member(family):
    """Of a multicast group: VRRP's, with a raw socket; one of IPv6, with UDP."""
    index = socket.if_nametoindex("eth0")
    if family == "6":
        s = inet("any6", socket.SOCK_DGRAM)
        group = socket.inet_pton(socket.AF_INET6, "ff02::7") + struct.pack("@i", index)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    else:
        s = inet("any4", socket.SOCK_RAW, 112)
        group = socket.inet_aton("224.0.0.18") + socket.inet_aton("0.0.0.0") + struct.pack("@i", index)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    return lambda: s.fileno() >= 0


def raw_at(word):
    s = inet(word, socket.SOCK_RAW, 112)
    s.bind(place(word, 0))
    return lambda: s.fileno() >= 0


def packet(name=""):
    """A packet socket on a device, or on none."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    if name:
        s.bind((name, 0))
    return lambda: s.fileno() >= 0


def netlink_unread():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.send(struct.pack("=IHHIIB3x", 20, 18, 0x301, 1, 0, 0))
    return lambda: s.fileno() >= 0


def unix_socket(kind):
    return socket.socket(socket.AF_UNIX, {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM,
                                          "seqpacket": socket.SOCK_SEQPACKET}[kind])


def unix_name(name):
    return "\0" + name[1:] if name[0] == "@" else name


def unix_listening(kind, name):
    s = unix_socket(kind)
    s.bind(unix_name(name))
    if kind != "datagram":
        s.listen(4)
    return s


def unix_client(kind, name):
    """Connected with a program outside."""
    s = unix_socket(kind)
    wait(lambda: s.connect_ex(unix_name(name)) == 0)
    return lambda: s.send(b"x")


def unix_named(kind, name):
    s = unix_listening(kind, name)
    return lambda: s.getsockname() in (name, unix_name(name).encode())


def unix_unaccepted(kind, name, how):
    """A connection with itself that it does not accept: "calm", "data", "closed"."""
    server, client = unix_listening(kind, name), unix_socket(kind)
    client.connect(unix_name(name))
    if how == "data":
        client.send(b"x")
    if how == "closed":
        client.close()
    return lambda: [server.fileno() >= 0, client.fileno() >= 0]


def set_key(s, ip):
    """A key for signatures of TCP with that address: TCP_MD5SIG, as BGP has it."""
    at = struct.pack("=HH4s8x112x", socket.AF_INET, 0, socket.inet_aton(ip))
    s.setsockopt(socket.IPPROTO_TCP, 14, at + struct.pack("=BBHi80s", 0, 0, 3, 0, b"key"))


def tcp_md5(how, port):
    """A listener, or with it a connection, whose packets are signed."""
    server = listening("lo4", port)
    if how == "listener":
        set_key(server, "10.99.0.200")
        return lambda: server.fileno() >= 0
    set_key(server, "127.0.0.1")
    client = inet("lo4", socket.SOCK_STREAM)
    set_key(client, "127.0.0.1")
    client.connect(("127.0.0.1", int(port)))
    return speaks(client, server.accept()[0])


def tcp_workers(port, number="3"):
    """Processes that listen on one port, each with a socket of its own (SO_REUSEPORT)."""
    def serve():
        s = inet("any4", socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(("", int(port)))
        s.listen(8)

        def answer():
            while True:
                there = s.accept()[0]
                there.sendall(there.recv(1))
                there.close()
        threading.Thread(target=answer, daemon=True).start()
    alive = lives(*[child(serve) for _ in range(int(number))])

    def look():
        with socket.create_connection(("127.0.0.1", int(port))) as s:
            s.sendall(b"?")
            return [s.recv(1).decode(), alive()]
    return look


def tcp_connecting(ip, port, own):
    """Nobody answers there."""
    s = inet("any4", socket.SOCK_STREAM)
    s.bind((own, 0))
    s.setblocking(False)
    s.connect_ex((ip, int(port)))
    return lambda: s.fileno() >= 0


def tcp_corked(port):
    """Sent bytes wait for more."""
    server = listening("lo4", port)
    client = connected("lo4", port)
    there = server.accept()[0]
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    client.send(b"part")
    return lambda: [client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK), there.recv(4, socket.MSG_PEEK).decode()]


def tcp_dual_stack(port):
    """A listener of IPv6 that IPv4 reaches, with a connection of each."""
    server = listening("any6", port)
    looks = [speaks(connected(word, port), server.accept()[0]) for word in ("lo4", "lo6")]
    return lambda: [look() for look in looks]


def ping(word="lo4"):
    """An ICMP socket without a raw one, which programs use to see whether a host is there."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    s.bind(("0.0.0.0", 0))
    return lambda: s.fileno() >= 0


def raw_icmp():
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.setsockopt(255, 1, struct.pack("I", 0xffffff00))
    return lambda: s.getsockopt(255, 1, 4).hex()


def udp_member(port):
    """A member of mDNS's group."""
    s = inet("any4", socket.SOCK_DGRAM)
    s.bind(("", int(port)))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton("224.0.0.251") + struct.pack("@4si", b"\0" * 4, socket.if_nametoindex("eth0")))
    return lambda: s.getsockname()[1]


def socket_filter(port):
    """Packets that a filter lets through (BPF of old)."""
    s = inet("any4", socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", int(port)))
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xffff), 8)
    s.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, ctypes.addressof(code)))
    socket_filter.code = code
    client = inet("lo4", socket.SOCK_DGRAM)

    def look():
        client.sendto(b"x", ("127.0.0.1", int(port)))
        return s.recv(1).decode()
    return look


def socket_option(level, name, value, port, kind="datagram", fate="kept"):
    """Some option that is a number."""
    s = inet("any4", socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM)
    s.bind(("", int(port)))
    s.setsockopt(int(level), int(name), int(value))
    return lambda: s.getsockopt(int(level), int(name)) if fate == "kept" else s.fileno() >= 0


def unix_deleted(kind, path):
    """A server whose file is gone, with a connection; others can't connect any more."""
    import os
    server = unix_listening(kind, path)
    client = unix_socket(kind)
    client.connect(unix_name(path))
    there = server.accept()[0]
    os.unlink(path)
    return speaks(client, there)
