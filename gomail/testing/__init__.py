"""
What the tests of gomail's users need: no network, no disk and no real clock, but for one fixture.

`gomail.testing.wire` is a server in memory and a client to talk to it, `gomail.testing.recording`
a delivery that keeps messages in memory, `gomail.testing.conformance` what an `IMessageDelivery` of
one's own must stand, and `gomail.testing.fixtures` a plugin for pytest. Only the last one imports
pytest.
"""
