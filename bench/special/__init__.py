"""Measurements that are no race: sessions held, one lone sender, fairness, a slow disk."""
