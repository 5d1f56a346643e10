"""The dialogue: octets of a connection become questions to an IMessageDelivery, its answers replies."""
