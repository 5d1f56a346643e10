"""A check of one's own in twenty lines: whether a list in DNS names the client (RFC 5782)."""

from ipaddress import ip_address

from twisted.plugin import IPlugin
from zope.interface import implementer

from gomail.checks.own import ICheck, Look
from gomail.checks.records import Outcome
from gomail.finding import FAIL, NONE, TEMPERROR, Finding


@implementer(IPlugin, ICheck)
class Listed:
    method = "dnsbl"

    def begin(self, facts):
        address = ip_address(facts.ip).reverse_pointer.rsplit(".", 2)[0]
        return Asked(facts.lookup(f"{address}.list.example", "A"))


class Asked(Look):
    def __init__(self, answer):
        self.answer = answer

    async def finding(self):
        answer = await self.answer
        if answer.outcome is Outcome.FAILED:
            return Finding("dnsbl", TEMPERROR)
        listed = any(value.startswith(b"127.0.0.") for value in answer.values)
        return Finding("dnsbl", FAIL if listed else NONE)


listed = Listed()
