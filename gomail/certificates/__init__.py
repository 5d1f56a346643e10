"""Certificates and keys: read, made, checked, served by TLS, and watched for their renewal."""
