"""
Reading stored mail: a Maildir listed, a message as decoded text and MIME tree.

The octets are a stranger's, so they are parsed in a bounded child process and never in ours:

    maildir.py     a Maildir listed, a message opened by its unique name
    reader.py      starts the child and waits for it, with and without a reactor
    child.py       the child process: its limits, and one answer as JSON
    mime.py        octets → Message, never raising              (in the child)
    tree.py        the email package's parser, bounded          (in the child)
    fields.py      header fields decoded, file names made safe  (in the child)
    charset.py     octets → text                                (in the child)
    hypertext.py   HTML → text                                  (in the child)
    attachments.py another child: octets → attachments
    saving.py      starts that, and saves what it gives
    message.py     Message, Part and Field: what the child answers
    screen.py      Message → text that cannot harm a terminal
    printer.py     the messages stored by a server, printed one after the other
"""
