# SPDX-License-Identifier: MIT
"""Speaks to an agent as cmigrate does, and as cmigrate never would.

agent_client.py [--root DIR] [--hello WORDS] COMMAND...: COMMAND starts an agent on its stdin and stdout. The agent's
hello is answered with its own version and build, or with WORDS ("no": with nothing). Each line of stdin is sent then:

  VERB KEY=VALUE...   a request, in words of a shell
  @raw HEX            these bytes
  @frame KIND HEX     a frame of this number with this payload

Prints a line for each reply, "STATUS TEXT" (its output and messages), and at the end "last TEXT", the agent's last
words, or "login TEXT" if none came. After a line that begins with "@" nothing more is sent.
"""
import shlex
import subprocess
import sys

GREETING = b"cmigrate-agent hello\n"
HELLO, REQUEST, BEAT, OUT, ERR, END = 1, 2, 4, 5, 6, 7


def frame(kind, payload, number=0):
    return len(payload).to_bytes(4, "big") + number.to_bytes(4, "big") + bytes([kind, 0, 0, 0]) + payload


def words_of(words):
    return b"".join(word.encode() + b"\0" for word in words)


def request(words, number):
    limits = (10000).to_bytes(4, "big") + (65536).to_bytes(4, "big")
    return frame(REQUEST, limits + len(words).to_bytes(2, "big") + bytes(2) + words_of(words), number)


class Agent:
    def __init__(self, command):
        # pylint: disable-next=consider-using-with # its end is waited for
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def send(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def read_frame(self):
        """(kind, number of the request, payload), or None at the end."""
        header = self.process.stdout.read(12)
        if len(header) < 12:
            return None
        return header[8], int.from_bytes(header[4:8], "big"), self.process.stdout.read(int.from_bytes(header[:4], "big"))

    def greeted(self):
        """Whatever a login prints comes first."""
        return any(line == GREETING for line in iter(self.process.stdout.readline, b""))

    def reply(self, number):
        """Prints the reply; whether there was one."""
        text = b""
        while True:
            got = self.read_frame()
            if not got:
                return False
            kind, of, payload = got
            if kind == ERR and of == 0:
                print("last", payload.decode(errors="replace"))
                return False
            if of == number and kind in (OUT, ERR):
                text += payload
            if of == number and kind == END:
                print(payload[0], " ".join(text.decode(errors="replace").split()), flush=True)
                return True

    def end(self):
        """At the end of its connection."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()

    def say_login(self):
        print("login", " ".join(self.process.stderr.read().decode(errors="replace").split()))


def read_words(argv):
    options = {}
    while argv[0].startswith("--"):
        options[argv[0][2:]] = argv[1]
        argv = argv[2:]
    return options, argv


def special(agent, words):
    if words[0] == "@raw":
        agent.send(bytes.fromhex(words[1]))
    else:
        agent.send(frame(int(words[1]), bytes.fromhex("".join(words[2:]))))
    while agent.reply(0):
        pass


def say_hello(agent, options):
    words = agent.read_frame()[2].decode().split("\0")
    ours = ["cmigrate", words[1], words[2], words[3], options.get("root", "/runc/containers"), ""]
    if "hello" in options:
        ours = shlex.split(options["hello"])
    if ours != ["no"]:
        agent.send(frame(HELLO, words_of(ours)))


def main():
    options, command = read_words(sys.argv[1:])
    agent = Agent(command)
    if not agent.greeted():
        agent.say_login()
        agent.end()
        return
    say_hello(agent, options)
    for number, line in enumerate(sys.stdin, 1):
        words = shlex.split(line)
        if words[0].startswith("@"):
            special(agent, words)
            break
        agent.send(request(words, number))
        if not agent.reply(number):
            break
    agent.end()


main()
