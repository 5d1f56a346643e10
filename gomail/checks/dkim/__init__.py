"""DKIM's parts (RFC 6376, 8301, 8463), of which ARC (RFC 8617) is made, too."""
