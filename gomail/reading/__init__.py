"""
Reading stored mail: a Maildir listed, a message as decoded text and MIME tree.

The octets are a stranger's, so they are parsed in a bounded child process and never in ours:

    maildir.py     a Maildir listed, a message opened by its unique name
    reader.py      starts children; waits for the answer, with and without a reactor
    bounds.py      what children are held to
    child.py       the child process: its limits, and one answer as JSON
    mime.py        octets → Message, never raising              (in the child)
    tree.py        the email package's parser, bounded          (in the child)
    fields.py      header fields decoded, file names made safe  (in the child)
    charset.py     octets → text                                (in the child)
    hypertext.py   HTML → text                                  (in the child)
    attachments.py another child: octets → attachments
    taking.py      starts that, and lists or takes what it gives
    saving.py      saves all of it as files
    message.py     Message, Part and Field: what the child answers
    screen.py      Message → text that cannot harm a terminal
    browser.py     another child: octets → Sheet, a message as a browser shows it
    markup.py      HTML → HTML in which nothing acts or loads   (in that child)
    style.py       … and its styles                             (in that child)
    remote.py      how often HTML refers to what is elsewhere   (in that child)
    verified.py    what our own server has found out about it   (in that child)
    sheet.py       Sheet, Markup and Results: what it answers
    opened.py      starts it; and a message's source
    heads.py       another child: what a list tells of messages, many at a time
    batch.py       starts that
    printer.py     the messages stored by a server, printed one after the other
"""
