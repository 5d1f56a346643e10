"""The inbox in the browser: what lies in a Maildir, listed, searched and marked beside other readers."""
