"""The dialogue: octets become questions to an IMessageDelivery, and its answers replies."""
