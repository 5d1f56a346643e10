"""A listener of one's own: who was refused, and why."""

from collections import Counter

from gomail.events import MessageStored, Refusal


class Report:
    def __init__(self):
        self.refusals = Counter()
        self.octets = 0

    def __call__(self, event):
        match event:
            case Refusal(client=client, reply=reply):
                self.refusals[client.address, reply.code, reply.text] += 1
            case MessageStored(size=size, copies=copies):
                self.octets += size * len(copies)
