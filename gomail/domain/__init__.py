"""A domain's records as the servers that send mail see them, and what is wrong with them."""
