"""
The web inbox's pages: plain HTTP by Twisted, templates that escape, a little JavaScript.

    channel.py   connections, bounded in number, time and octets
    exchange.py  one request and its answer
    answers.py   what is answered, and the header fields that all answers have
    access.py    which hosts, origins and tokens are ours
    logins.py    the password, who has said it, and how often it may be tried
    site.py      which page a path is
    listing.py   the page with the list
    letter.py    the page of a message, and what is fetched for it
    drawing.py   templates, and how things are written for people
    stream.py    events to a browser, as long as it takes them
    arrivals.py  tells browsers what has come
    live.py      tells browsers what the server does
    following.py the one connection to the server's control socket
    wanted.py    what it is to be
    serving.py   all of this, as a service
"""
