"""Measurements that are no race: sessions held, one lone sender, many mailboxes, fairness."""
