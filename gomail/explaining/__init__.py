"""What refusals mean: whose words they are, what made them, and what can be done about them."""
