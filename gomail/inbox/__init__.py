"""The inbox in the browser: a Maildir, listed, searched and marked beside other readers."""
