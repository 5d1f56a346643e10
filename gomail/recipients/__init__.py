"""For whom a message is: forward-paths become mailboxes, or nobody; nothing is ever relayed."""
